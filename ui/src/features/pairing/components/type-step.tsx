// What do you have?
import { useState } from "react";
import { DevicePicture, Icon } from "~/components/ui/icon";
import { DEVICE_TYPES } from "~/lib/kinds";
import { useText, useWord } from "~/lib/text";
import { COMMON_TYPES } from "../wizard";
import { Choice } from "./choice";
import { StepFrame, type StepProps } from "./step-frame";
import styles from "./steps.module.css";

export function TypeStep({ wizard, onEvent }: StepProps) {
  const t = useText();
  const word = useWord();
  const [showAll, setShowAll] = useState(wizard.type !== undefined && !COMMON_TYPES.includes(wizard.type));
  const [wasAsked, setAsked] = useState(false);
  const more = DEVICE_TYPES.filter((type) => !COMMON_TYPES.includes(type));
  const types = showAll ? [...COMMON_TYPES, ...more] : COMMON_TYPES;
  const showMore = () => {
    setShowAll(true);
    setAsked(true);
  };
  return (
    <StepFrame wizard={wizard} onEvent={onEvent} title={t("pair.type.title")}>
      <ul className={styles.tiles}>
        {types.map((type) => (
          <li key={type}>
            <Choice
              layout="tile"
              picture={<DevicePicture type={type} size={56} />}
              title={word("type", type)}
              onPress={() => onEvent({ type: "choseType", deviceType: type })}
              // What was asked stands where the button was that asked, which is gone with the keyboard's place.
              autoFocus={wasAsked && type === more[0]}
            />
          </li>
        ))}
        {showAll ? null : (
          <li>
            <Choice layout="tile" picture={<Icon name="plus" size={32} />} title={t("pair.type.more")} onPress={showMore} />
          </li>
        )}
      </ul>
    </StepFrame>
  );
}

// A consent text as it was agreed to: headings, paragraphs and lists, nothing of it ever HTML.
import { blocksOf, type Block } from "./blocks";
import styles from "./consent-dialog.module.css";

export function ConsentWords({ text }: { text: string }) {
  return (
    <div className={styles.text}>
      {blocksOf(text).map((block) => (
        <TextBlock key={block.type === "list" ? block.items.join() : block.text} block={block} />
      ))}
    </div>
  );
}

function TextBlock({ block }: { block: Block }) {
  switch (block.type) {
    case "title":
      return <h3>{block.text}</h3>;
    case "heading":
      return <h4>{block.text}</h4>;
    case "paragraph":
      return <p>{block.text}</p>;
    case "list":
      return (
        <ul className={styles.list}>
          {block.items.map((item) => (
            <li key={item}>{item}</li>
          ))}
        </ul>
      );
  }
}

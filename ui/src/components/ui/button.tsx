// Buttons and links that look like buttons. One `primary` a screen.
import { createLink, type LinkComponent } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, forwardRef, type ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components/Button";
import styles from "./button.module.css";

export type Look = "primary" | "secondary" | "quiet" | "danger";

interface Dress {
  look?: Look;
}

const dress = ({ look = "secondary" }: Dress) => `${styles.button} ${styles[look]}`;

export type ButtonProps = Omit<AriaButtonProps, "className" | "style" | "children"> & Dress & { children: ReactNode };

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button({ look, ...props }, ref) {
  return <AriaButton {...props} ref={ref} className={dress({ look })} />;
});

type AnchorProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "className" | "style"> & Dress;

/** For addresses outside the app's own pages: the sign-in, a file. */
export const AnchorButton = forwardRef<HTMLAnchorElement, AnchorProps>(function AnchorButton({ look, children, ...props }, ref) {
  return (
    <a {...props} ref={ref} className={dress({ look })}>
      {children}
    </a>
  );
});

const Routed = createLink(AnchorButton);

export const LinkButton: LinkComponent<typeof AnchorButton> = (props) => <Routed preload="intent" {...props} />;

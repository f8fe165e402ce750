// A dialog over the page: focus stays inside and returns, Escape closes. Full width from below on phones.
import type { ReactNode } from "react";
import { Dialog, Heading } from "react-aria-components/Dialog";
import { Modal as AriaModal, ModalOverlay } from "react-aria-components/Modal";
import styles from "./modal.module.css";

interface ModalProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  /** For what needs an answer: a press beside it does not close it. Escape still does. */
  needsAnswer?: boolean;
  role?: "dialog" | "alertdialog";
}

export function Modal({ title, isOpen, onClose, children, footer, needsAnswer, role }: ModalProps) {
  return (
    <ModalOverlay
      className={styles.overlay!}
      isOpen={isOpen}
      onOpenChange={(open) => (open ? undefined : onClose())}
      isDismissable={!needsAnswer}
    >
      <AriaModal className={styles.modal!}>
        <Dialog className={styles.dialog!} role={role}>
          <Heading slot="title" level={2} className={styles.title}>
            {title}
          </Heading>
          {/* Reachable by keyboard, because it scrolls when the text is longer than the screen. */}
          <div className={styles.body} tabIndex={0} role="region" aria-label={title}>
            {children}
          </div>
          {footer ? <div className={styles.footer}>{footer}</div> : null}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}

import { useEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';

export interface Popover {
  open: boolean;
  setOpen(open: boolean): void;
  /** Holds the button and what it opens. */
  box: RefObject<HTMLDivElement | null>;
  /** Gets the focus back at Escape. */
  button: RefObject<HTMLButtonElement | null>;
}

/** What a button opens and a click elsewhere, or Escape, closes. */
export function usePopover(): Popover {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('keydown', escape);
    };
  }, [open]);
  return { open, setOpen, box, button };
}

import { useMemo } from 'react';
import type { ReactElement } from 'react';
import { findLinks } from '../links';

/** Control and bidi-override characters would let a text pretend to be another. New lines and tabs stay. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g;

/** The text of a message: text nodes and links, never markup. */
export function MessageText({ content }: { content: string }): ReactElement {
  const parts = useMemo(() => findLinks(content.replace(UNSAFE, '')), [content]);
  return (
    <span className="chat-text" dir="auto">
      {parts.map(({ text, href }, at) =>
        href === null ? text : (
          <a key={at} href={href} target="_blank" rel="noopener noreferrer nofollow">{text}</a>
        ))}
    </span>
  );
}

/** Only our own origin and https may be opened from a message. */
export function safeFileUrl(url: string): string | null {
  try {
    const parsed = new URL(url, window.location.href);
    return parsed.protocol === 'https:' || parsed.origin === window.location.origin ? parsed.href : null;
  } catch {
    return null;
  }
}

import { useMemo } from 'react';
import type { ReactElement } from 'react';
import { plainText } from '../../protocol/guards';
import { findLinks } from '../links';

/** The text of a message: text nodes and links, never markup. */
export function MessageText({ content }: { content: string }): ReactElement {
  const parts = useMemo(() => findLinks(plainText(content)), [content]);
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

/**
 * Links in plain text: what starts with http://, https://, mailto: or www., mail addresses, and bare names under a few
 * well-known domains. Everything else stays text, whatever it looks like; `javascript:` cannot come out of here.
 */
export interface TextPart { readonly text: string; readonly href: string | null }

const NAME = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?';
const KNOWN = 'com|net|org|info|biz|edu|gov|ua|укр|eu|io|dev|app|me|pl|de|fr|it|es|cz|uk|us';
const LINK = new RegExp(
  [
    `(?:https?:\\/\\/|www\\.)[^\\s<>"«»]+`,
    `(?:mailto:)?[\\p{L}\\p{N}._%+-]{1,64}@(?:${NAME}\\.){1,8}\\p{L}{2,24}`,
    `(?:${NAME}\\.){1,8}(?:${KNOWN})(?![\\p{L}\\p{N}_.-]{0,64}[\\p{L}\\p{N}_])(?:\\/[^\\s<>"«»]*)?`,
  ].map((one) => `(?<![\\p{L}\\p{N}_@./:-])${one}`).join('|'),
  'giu',
);
const TRAILING = '.,:;!?\'"’”…*_~';
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

export function findLinks(content: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of content.matchAll(LINK)) {
    const text = trimmed(match[0]);
    const href = hrefOf(text);
    if (href === null) continue;
    if (match.index > from) parts.push({ text: content.slice(from, match.index), href: null });
    parts.push({ text, href });
    from = match.index + text.length;
  }
  if (from < content.length) parts.push({ text: content.slice(from), href: null });
  return parts;
}

/** A full stop ends the sentence, not the address; so does a bracket that was opened outside of it. */
function trimmed(link: string): string {
  // How many more are closed than opened, per kind of bracket.
  const surplus: Record<string, number> = {};
  for (const [closing, opening] of Object.entries(CLOSING)) surplus[closing] = count(link, closing) - count(link, opening);
  let end = link.length;
  for (; end > 0; end--) {
    const last = link[end - 1]!;
    if (TRAILING.includes(last)) continue;
    if (!((surplus[last] ?? 0) > 0)) break;
    surplus[last]!--;
  }
  return link.slice(0, end);
}
function count(text: string, char: string): number {
  return text.split(char).length - 1;
}

function hrefOf(text: string): string | null {
  const href = /^(?:https?:\/\/|mailto:)/i.test(text) ? text : text.includes('@') && !text.includes('/') ? `mailto:${text}` : `https://${text}`;
  try {
    const { protocol, hostname } = new URL(href);
    return protocol === 'mailto:' || hostname !== '' ? href : null;
  } catch {
    return null;
  }
}

import type { StringKey } from '../i18n/strings';
import type { Texts } from './components/SystemRow';

/** Why something was refused, in the reader's language. */
export function reasonOf(code: string | undefined, { t, has }: Texts): string {
  const key = `error.${code ?? 'other'}`;
  return t(has(key) ? (key as StringKey) : 'error.other');
}
/** Why a message could not be changed or deleted: what its author is refused is too old. */
export function whyUnchanged(what: 'composer.notSaved' | 'menu.notDeleted', code: string, texts: Texts): string {
  return code === 'FORBIDDEN' ? texts.t('composer.tooLate') : `${texts.t(what)}: ${reasonOf(code, texts)}`;
}

/** What components share: the client, and how to speak to the reader. */
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Provider, ReactElement, ReactNode } from 'react';
import { ChatClient } from '../client/client';
import type { ChatClientOptions } from '../client/client';
import { findLocale, loadLocale, onLocale, regionalLocale } from '../i18n/locales';
import type { Locale } from '../i18n/locales';
import type { StringOverrides, Strings } from '../i18n/strings';
import { createTranslator } from '../i18n/translator';
import type { Translator } from '../i18n/translator';

export type Theme = 'light' | 'dark' | 'auto';

export interface Presentation {
  locale?: Locale | undefined;
  /** IANA name; default: the reader's own. */
  timeZone?: string | undefined;
  strings?: StringOverrides | undefined;
  theme?: Theme | undefined;
}
export interface ChatProviderProps extends Presentation {
  client: ChatClient;
  children?: ReactNode;
}

const ClientContext = createContext<ChatClient | null>(null);
const PresentationContext = createContext<Presentation>({});

export function ChatProvider(props: ChatProviderProps): ReactElement {
  const { client, children, locale, timeZone, strings, theme } = props;
  const presentation = useMemo(() => ({ locale, timeZone, strings, theme }), [locale, timeZone, strings, theme]);
  return (
    <ClientContext.Provider value={client}>
      <PresentationContext.Provider value={presentation}>{children}</PresentationContext.Provider>
    </ClientContext.Provider>
  );
}

let defaults: ChatClientOptions = {};
const shared: Map<string, ChatClient> = new Map();

/** Settings of the clients that hooks make for themselves when there is no <ChatProvider>. Call it once, early. */
export function configureChat(options: ChatClientOptions): void {
  defaults = options;
  for (const client of shared.values()) client.disconnect();
  shared.clear();
}

/** One client per server; hooks with the same settings share it. */
export function sharedClient(options: Pick<ChatClientOptions, 'url' | 'apiBase' | 'token'>): ChatClient {
  const merged: ChatClientOptions = { ...defaults, ...options };
  const key = `${merged.url ?? ''} ${merged.apiBase ?? ''}`;
  let client = shared.get(key);
  if (client === undefined) shared.set(key, (client = new ChatClient(merged)));
  return client;
}

export function useProvidedClient(): ChatClient | null {
  return useContext(ClientContext);
}

/** The client of the nearest <ChatProvider>, else the shared one. */
export function useChatClient(): ChatClient {
  return useContext(ClientContext) ?? sharedClient({});
}

export function useTheme(): Theme {
  return useContext(PresentationContext).theme ?? 'auto';
}

/** The last translator of each locale and zone: every row asks for one, and formatters are dear. */
const translators: Map<string, { dictionary: Strings; overrides: StringOverrides | undefined; translator: Translator }> = new Map();
function translatorOf(locale: Locale, dictionary: Strings, timeZone?: string, overrides?: StringOverrides): Translator {
  const regional = regionalLocale(locale);
  const key = `${regional} ${timeZone ?? ''}`;
  let last = translators.get(key);
  if (last?.dictionary !== dictionary || last.overrides !== overrides) {
    last = { dictionary, overrides, translator: createTranslator(regional, dictionary, timeZone, overrides) };
    translators.set(key, last);
  }
  return last.translator;
}

/** `ready` is false while the dictionary is on its way: texts are empty then. */
export function usePresentation(
  own: Presentation = {}, wanted = true,
): { locale: Locale; theme: Theme; translator: Translator; ready: boolean } {
  const outer = useContext(PresentationContext);
  const locale = own.locale ?? outer.locale ?? 'uk';
  const timeZone = own.timeZone ?? outer.timeZone;
  const strings = own.strings ?? outer.strings;
  const theme = own.theme ?? outer.theme ?? 'auto';
  const find = (): Strings | null => findLocale(locale);
  const dictionary = useSyncExternalStore(onLocale, find, find);
  useEffect(() => {
    if (wanted && dictionary === null) loadLocale(locale).catch(() => {});
  });
  const translator = useMemo(
    () => translatorOf(locale, dictionary ?? NO_STRINGS, timeZone, strings),
    [locale, dictionary, timeZone, strings],
  );
  return { locale, theme, translator, ready: dictionary !== null };
}

const NO_STRINGS = {} as Strings;
const NOTHING: Presentation = {};
const TranslatorContext = createContext<Translator | null>(null);
export const TranslatorProvider: Provider<Translator | null> = TranslatorContext.Provider;

/** Texts and dates inside the components of this package. */
export function useTranslator(): Translator {
  const inner = useContext(TranslatorContext);
  const { translator } = usePresentation(NOTHING, inner === null);
  return inner ?? translator;
}

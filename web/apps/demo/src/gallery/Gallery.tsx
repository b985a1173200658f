import DisputeChat from '@/components/DisputeChat';
import OrderChat from '@/components/OrderChat';
import { ChatProvider, EvidencePanel, PresenceText, StatusChip, StatusTimeline } from '@rozmova/react';
import type { OrderChatProps } from '@rozmova/react';
import { useEffect, useMemo } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { LanguageChoice, ThemeChoice } from '../components/Menu';
import { useSettings } from '../settings';
import { DISPUTE_ID, MARIIA, OLIA, ORDER_ID, PICTURE, TARAS, loading, refused, scene, still, waiting } from './scenes';
import type { Scene } from './scenes';

const PEOPLE = { client: OLIA, performer: TARAS };
const ORDER_STATUSES = ['created', 'accepted', 'in_progress', 'delivered', 'completed', 'cancelled', 'disputed'];
const DISPUTE_STATUSES = ['open', 'under_review', 'resolved', 'rejected', 'closed'];

const TALK = [
  { by: OLIA, content: 'Добрий день! Капає змішувач на кухні. Зможете подивитися?' },
  { by: TARAS, content: 'Вітаю! Так. Який у вас змішувач: одноважільний чи з двома вентилями?' },
  { by: OLIA, content: 'Одноважільний.', readAt: '2026-11-20T12:05:00.000Z' },
  { by: OLIA, content: 'Ось приклад: https://example.com/zmishuvach', readAt: '2026-11-20T12:05:00.000Z' },
];

/** Every state of every part, without a server: for a look, for pictures, and for the audit. */
export default function Gallery(): ReactElement {
  const { locale, theme, translator: { t } } = useSettings();
  const scenes = useMemo(() => makeScenes(), []);
  const first = scenes[0]![1].client;
  useEffect(() => {
    document.title = t('gallery.title');
  }, [t]);
  return (
    <main className="gallery">
      <header>
        <div><h1>{t('gallery.title')}</h1><p className="hint">{t('gallery.hint')}</p></div>
        <LanguageChoice /><ThemeChoice />
      </header>
      <div className="gallery-grid">
        {scenes.map(([name, one, props]) => (
          <Frame key={name} name={name}>
            <ChatProvider client={one.client} locale={locale} theme={theme} timeZone="Europe/Kyiv">
              {one.room.startsWith('order')
                ? <OrderChat orderId={ORDER_ID} participants={PEOPLE} {...props} />
                : <DisputeChat disputeId={DISPUTE_ID} orderId={ORDER_ID} participants={{ ...PEOPLE, moderator: MARIIA }} {...props} />}
            </ChatProvider>
          </Frame>
        ))}
      </div>
      <ChatProvider client={first} locale={locale} theme={theme}>
        <div className="gallery-row">
          {[...ORDER_STATUSES, ...DISPUTE_STATUSES].map((status) => <StatusChip key={status} status={status} />)}
        </div>
        <div className="gallery-row">
          <PresenceText user={{ name: null, online: true, lastSeenAt: null }} /> ·
          <PresenceText user={{ name: null, online: false, lastSeenAt: null }} /> ·
          <PresenceText user={{ name: null, online: false, lastSeenAt: '2026-11-20T10:00:00.000Z' }} /> ·
          <PresenceText user={{ name: null, online: null, lastSeenAt: null }} />
        </div>
      </ChatProvider>
      <Parts />
    </main>
  );
}

function Parts(): ReactElement {
  const { locale } = useSettings();
  const files = useMemo(() => withFiles(), []);
  const events = useMemo(() => withEvents(), []);
  return (
    <div className="gallery-parts">
      <ChatProvider client={files.client} locale={locale}><EvidencePanel roomKey={files.room} /></ChatProvider>
      <ChatProvider client={events.client} locale={locale}><StatusTimeline roomKey={events.room} /></ChatProvider>
    </div>
  );
}

function Frame({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return <section className="gallery-frame" aria-label={name} data-scene={name}><h2>{name}</h2><div>{children}</div></section>;
}

const withFiles = (): Scene => scene('order', [
  { by: TARAS, content: 'Ось що вийшло', attachments: [{ fileUrl: PICTURE, fileName: 'ескіз.svg', mimeType: 'image/png', width: 480, height: 320, size: 48_000 }] },
  {
    by: OLIA, content: '',
    attachments: [1, 2, 3].map((at) => ({ fileUrl: `${PICTURE}?${at}`, fileName: `фото ${at}.png`, mimeType: 'image/png', width: 400, height: 300, size: 31_000 })),
  },
  { by: OLIA, content: 'І кошторис', attachments: [{ fileUrl: '/v1/uploads/x', fileName: 'Кошторис робіт на листопад.pdf', mimeType: 'application/pdf', size: 1_400_000 }] },
]);
const withEvents = (): Scene => scene('order', [
  { by: TARAS, type: 'system', change: { value: 'accepted', previous: 'created' } },
  { by: TARAS, type: 'system', change: { value: 'in_progress', previous: 'accepted' } },
  { by: TARAS, type: 'system', change: { value: 'delivered', previous: 'in_progress', note: 'Усе готово, перевірте, будь ласка.' } },
  { by: OLIA, type: 'system', change: { value: 'in_progress', previous: 'delivered', note: 'Прокладка ще капає.' } },
  { by: OLIA, type: 'system', change: { value: 'disputed', previous: 'in_progress' } },
], { status: 'disputed' });

function makeScenes(): [string, Scene, Partial<OrderChatProps>][] {
  const typing = scene('order', TALK);
  typing.client.store.dispatch({ type: 'typing', room: typing.room, userId: TARAS.id, until: Date.now() + 3_600_000 });
  const paused = waiting(scene('order', TALK), [{ content: 'Перше' }, { content: 'Друге' }]);
  paused.client.store.dispatch({ type: 'paused', until: Date.now() + 3_600_000 });
  const away = scene('order', TALK, {}, { kind: 'offline', since: 0, retryAt: 0 });
  const lost = { kind: 'reconnecting', attempt: 2, retryAt: Date.now() + 3_600_000 } as const;
  return [
    ['talk', typing, {}],
    ['replies, edited, deleted', scene('order', [
      { by: TARAS, content: 'Яка ціна влаштує?' },
      { by: OLIA, content: 'До тисячі', replyTo: 'm1', editedAt: '2026-11-20T12:02:00.000Z' },
      { by: TARAS, content: 'Домовились 👍', replyTo: 'm2' },
      { by: OLIA, deletedAt: '2026-11-20T12:03:00.000Z' },
      { by: TARAS, content: 'На давнє', replyTo: 'gone' },
    ]), {}],
    ['files', withFiles(), {}],
    ['events', withEvents(), {}],
    ['unread', scene('order', [...TALK, { by: TARAS, content: 'Нове раз' }, { by: TARAS, content: 'Нове два' }], { lastReadSeq: 4 }), {}],
    ['sending and failed', waiting(scene('order', TALK.slice(0, 2)), [
      { content: 'Надсилається', state: 'sending' }, { content: 'Чекає' },
      { content: 'Не вийшло', state: 'failed', error: { code: 'CHAT_CLOSED', message: '' } },
      { content: 'І це', state: 'failed', error: { code: 'EXPIRED_UNSENT', message: '' } },
    ]), {}],
    ['too fast', paused, {}],
    ['offline', away, {}],
    ['reconnecting', scene('order', TALK, {}, lost), {}],
    ['degraded', scene('order', TALK, {}, { kind: 'degraded', since: 0, retryAt: 0 }), {}],
    ['session ended', scene('order', TALK, {}, { kind: 'auth-failed', reason: 'TOKEN_EXPIRED' }), {}],
    ['dispute', scene('dispute', [
      { by: OLIA, type: 'system', change: { value: 'open', note: 'Кран капає й далі, а гроші сплачено.' } },
      { by: OLIA, content: 'Майстер був двічі, але кран капає.' },
      { by: TARAS, content: 'Замінив картридж, на відео сухо.' },
      { by: MARIIA, type: 'system', change: { what: 'moderator', value: MARIIA.id } },
      { by: MARIIA, content: 'Вітаю! Надішліть, будь ласка, відео, на якому видно кран.' },
    ]), {}],
    ['dispute closed', scene('dispute', [
      { by: MARIIA, type: 'system', change: { value: 'resolved', previous: 'under_review', note: 'Майстер приїде ще раз безкоштовно.', orderStatus: 'in_progress' } },
      { by: MARIIA, type: 'system', change: { value: 'closed', previous: 'resolved' } },
    ], { status: 'closed' }), {}],
    ['moderator reads', scene('order', TALK, { role: 'moderator' }), {}],
    ['cancelled', scene('order', TALK, { status: 'cancelled' }), {}],
    ['read-only', scene('order', TALK), { readOnly: true }],
    ['too long', scene('order', TALK), { maxLength: 20 }],
    ['empty', scene('order', []), {}],
    ['loading', loading(), {}],
    ['forbidden', refused('FORBIDDEN'), {}],
    ['not found', refused('NOT_FOUND'), {}],
    ['error', refused('UNAVAILABLE'), {}],
    ['nobody yet', { client: still(), room: typing.room }, {}],
  ];
}

/** Texts of the demo, on top of those of the package. */
import { LOCALES } from '@rozmova/react';
import type { Locale, Plural, Strings } from '@rozmova/react';

interface OwnStrings {
  'app.name': string;
  'app.tagline': string;
  'signin.title': string;
  'signin.hint': string;
  'signin.loading': string;
  'signin.as': string;
  'signin.newWindow': string;
  'signin.failed': string;
  'signin.noDemo': string;
  'signin.token': string;
  'signin.tokenButton': string;
  'signin.tokenBad': string;
  'menu.open': string;
  'menu.language': string;
  'menu.theme': string;
  'menu.signOut': string;
  'theme.auto': string;
  'theme.light': string;
  'theme.dark': string;
  'orders.title': string;
  'orders.search': string;
  'orders.all': string;
  'orders.unread': string;
  'orders.none': string;
  'orders.noneHint': string;
  'orders.notFound': string;
  'orders.noUnread': string;
  'orders.failed': string;
  'orders.loading': string;
  'orders.new': string;
  'orders.number': string;
  'orders.noMessages': string;
  'orders.you': string;
  'orders.unreadCount': Plural;
  'orders.back': string;
  'orders.pick': string;
  'orders.pickHint': string;
  'details.title': string;
  'details.show': string;
  'details.close': string;
  'details.amount': string;
  'details.deadline': string;
  'details.created': string;
  'details.people': string;
  'details.secondHint': string;
  'details.openAs': string;
  'details.you': string;
  'new.title': string;
  'new.name': string;
  'new.namePlaceholder': string;
  'new.performer': string;
  'new.amount': string;
  'new.create': string;
  'new.cancel': string;
  'new.failed': string;
}
export type DemoStrings = Strings & OwnStrings;

const uk: OwnStrings = {
  'app.name': 'Розмова',
  'app.tagline': 'Чат замовлень і спорів для маркетплейсів',
  'signin.title': 'Ким увійти?',
  'signin.hint': 'Це демонстрація. Оберіть людину тут, а іншу відкрийте в новому вікні — і поговоріть удвох.',
  'signin.loading': 'Шукаємо людей…',
  'signin.as': 'Увійти як',
  'signin.newWindow': 'Відкрити {name} в новому вікні',
  'signin.failed': 'Сервер не відповідає. Перевірте, чи він запущений.',
  'signin.noDemo': 'Демонстраційний вхід на цьому сервері вимкнено. Увійдіть зі своїм токеном.',
  'signin.token': 'Токен (JWT)',
  'signin.tokenButton': 'Увійти з токеном',
  'signin.tokenBad': 'Це не схоже на токен.',
  'menu.open': 'Меню: мова, тема, вихід',
  'menu.language': 'Мова',
  'menu.theme': 'Тема',
  'menu.signOut': 'Змінити людину',
  'theme.auto': 'Авто',
  'theme.light': 'Світла',
  'theme.dark': 'Темна',
  'orders.title': 'Замовлення',
  'orders.search': 'Пошук замовлення або людини',
  'orders.all': 'Усі',
  'orders.unread': 'Непрочитані',
  'orders.none': 'Замовлень ще немає',
  'orders.noneHint': 'Щойно хтось створить замовлення з вами, воно з’явиться тут.',
  'orders.notFound': 'Нічого не знайдено',
  'orders.noUnread': 'Усе прочитано',
  'orders.failed': 'Не вдалося завантажити замовлення',
  'orders.loading': 'Завантажуємо замовлення…',
  'orders.new': 'Нове замовлення',
  'orders.number': '№{number}',
  'orders.noMessages': 'Повідомлень ще немає',
  'orders.you': 'Ви: {text}',
  'orders.unreadCount': {
    one: '{count} непрочитане', few: '{count} непрочитані', many: '{count} непрочитаних', other: '{count} непрочитаного',
  },
  'orders.back': 'До списку замовлень',
  'orders.pick': 'Оберіть замовлення',
  'orders.pickHint': 'Розмова з’явиться тут.',
  'details.title': 'Деталі замовлення',
  'details.show': 'Показати деталі замовлення',
  'details.close': 'Закрити деталі',
  'details.amount': 'Сума',
  'details.deadline': 'Термін',
  'details.created': 'Створено',
  'details.people': 'Учасники',
  'details.secondHint': 'Спробуйте удвох: відкрийте поруч вікно другої сторони.',
  'details.openAs': 'Відкрити вікно: {name}',
  'details.you': 'це ви',
  'new.title': 'Нове замовлення',
  'new.name': 'Що потрібно зробити',
  'new.namePlaceholder': 'Логотип для кав’ярні',
  'new.performer': 'Виконавець',
  'new.amount': 'Сума, ₴',
  'new.create': 'Створити',
  'new.cancel': 'Скасувати',
  'new.failed': 'Не вдалося створити замовлення',
};

const en: OwnStrings = {
  'app.name': 'Rozmova',
  'app.tagline': 'Order and dispute chat for marketplaces',
  'signin.title': 'Who are you today?',
  'signin.hint': 'This is a demo. Pick one person here, open another in a new window, and let the two talk.',
  'signin.loading': 'Looking for people…',
  'signin.as': 'Sign in as',
  'signin.newWindow': 'Open {name} in a new window',
  'signin.failed': 'The server does not answer. Is it running?',
  'signin.noDemo': 'Demo sign-in is switched off on this server. Sign in with your token.',
  'signin.token': 'Token (JWT)',
  'signin.tokenButton': 'Sign in with the token',
  'signin.tokenBad': 'This does not look like a token.',
  'menu.open': 'Menu: language, theme, sign out',
  'menu.language': 'Language',
  'menu.theme': 'Theme',
  'menu.signOut': 'Switch person',
  'theme.auto': 'Auto',
  'theme.light': 'Light',
  'theme.dark': 'Dark',
  'orders.title': 'Orders',
  'orders.search': 'Search orders or people',
  'orders.all': 'All',
  'orders.unread': 'Unread',
  'orders.none': 'No orders yet',
  'orders.noneHint': 'As soon as somebody creates an order with you, it appears here.',
  'orders.notFound': 'Nothing found',
  'orders.noUnread': 'All caught up',
  'orders.failed': 'The orders could not be loaded',
  'orders.loading': 'Loading orders…',
  'orders.new': 'New order',
  'orders.number': 'No. {number}',
  'orders.noMessages': 'No messages yet',
  'orders.you': 'You: {text}',
  'orders.unreadCount': { one: '{count} unread', other: '{count} unread' },
  'orders.back': 'Back to orders',
  'orders.pick': 'Pick an order',
  'orders.pickHint': 'The conversation appears here.',
  'details.title': 'Order details',
  'details.show': 'Show order details',
  'details.close': 'Close details',
  'details.amount': 'Amount',
  'details.deadline': 'Deadline',
  'details.created': 'Created',
  'details.people': 'People',
  'details.secondHint': 'Try it as two: open the other side in a window next to this one.',
  'details.openAs': 'Open a window: {name}',
  'details.you': 'you',
  'new.title': 'New order',
  'new.name': 'What is to be done',
  'new.namePlaceholder': 'A logo for a coffee shop',
  'new.performer': 'Performer',
  'new.amount': 'Amount, ₴',
  'new.create': 'Create',
  'new.cancel': 'Cancel',
  'new.failed': 'The order could not be created',
};

export const STRINGS: Readonly<Record<Locale, DemoStrings>> = {
  uk: { ...LOCALES.uk, ...uk },
  en: { ...LOCALES.en, ...en },
};

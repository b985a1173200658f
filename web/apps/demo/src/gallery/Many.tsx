import OrderChat from '@/components/OrderChat';
import { ChatProvider } from '@rozmova/react';
import { useEffect, useMemo } from 'react';
import type { ReactElement } from 'react';
import { useSettings } from '../settings';
import { OLIA, ORDER_ID, TARAS, arrive, manyMessages } from './scenes';

declare global {
  interface Window {
    /** For measuring: so many messages, within a second. */
    burst?: (count: number) => Promise<void>;
  }
}

/** One long chat, without a server: what scrolling and bursts cost. */
export default function Many(): ReactElement {
  const { locale, theme } = useSettings();
  const scene = useMemo(() => manyMessages(Number(new URLSearchParams(window.location.search).get('count') ?? 10_000)), []);
  useEffect(() => {
    window.burst = (count) => arrive(scene, count, 1_000);
  }, [scene]);
  return (
    <ChatProvider client={scene.client} locale={locale} theme={theme}>
      <div className="gallery-one"><OrderChat orderId={ORDER_ID} participants={{ client: OLIA, performer: TARAS }} /></div>
    </ChatProvider>
  );
}

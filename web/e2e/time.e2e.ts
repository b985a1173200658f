/** Clocks and calendars: zones of the readers, nights without an hour, clocks that are wrong, pages that sleep. */
import { describe, expect, it } from 'vitest';
import { Stage } from './stage';

const stage = Stage.forFile();

describe('messages', () => {
  it('stand under the right day, whatever the zone of the reader', async () => {
    const order = await stage.backstage.longest(stage.client);
    for (const zone of ['Europe/Kyiv', 'America/New_York', 'Pacific/Auckland']) {
      const one = await stage.guest({ zone });
      await one.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
      await one.page.locator('.chat-message').first().waitFor();
      await one.live();
      // Rows in document order: each message belongs to the last day above it.
      const wrong = await one.page.evaluate((timeZone) => {
        const dayOf = (iso: string): string => new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date(iso));
        let day = '';
        const found: string[] = [];
        for (const time of document.querySelectorAll<HTMLTimeElement>('.chat-viewport .chat-day time, .chat-viewport .chat-meta time')) {
          if (time.closest('.chat-day') !== null) day = time.dateTime;
          else if (day !== '' && dayOf(time.dateTime) !== day) found.push(`${time.dateTime} under ${day}`);
        }
        return found;
      }, zone);
      expect(wrong).toEqual([]);
      expect(await one.page.locator('.chat-viewport .chat-day').count()).toBeGreaterThan(1);
    }
  });
});

import { toChatError } from '@rozmova/react';
import { useCallback, useState } from 'react';
import { useSettings } from './settings';

/** Runs something that the server may refuse, and keeps the reason in words; resolves to whether it went well. */
export function useProblem(): { problem: string | null; attempt(work: Promise<unknown>): Promise<boolean> } {
  const { translator: { t, has } } = useSettings();
  const [problem, setProblem] = useState<string | null>(null);
  const attempt = useCallback(async (work: Promise<unknown>) => {
    try {
      await work;
      setProblem(null);
      return true;
    } catch (cause) {
      const { code } = toChatError(cause);
      const key = `problem.${code}`;
      setProblem(has(key) ? t(key) : t('problem.other'));
      return false;
    }
  }, [t, has]);
  return { problem, attempt };
}

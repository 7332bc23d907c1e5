// Presence among the tabs of one browser: a tab at a place answers a tab that asks for it. Closed
// and crashed tabs do not answer, so no state can be stale.
//
// Without a BroadcastChannel, a tab finds no others. Neither do two tabs that ask at the same time;
// the server then gives the seat to the later one.

import type { Unsubscribe } from './store';

/** Time to wait for answers, which take milliseconds; a frozen tab does not answer. */
export const ANSWER_MS = 200;

/** Messages between tabs, which may run different versions of the page. */
type Message<Answer> = { type: 'whoIsHere' } | { type: 'here'; claim: Answer };

/** Answers other tabs that ask for `place`, until the returned function is called. */
export function answerTabs<Answer>(place: string, answer: () => Answer): Unsubscribe {
  const channel = openChannel(place);
  if (!channel) return () => {};
  channel.onmessage = ({ data }: MessageEvent<Message<Answer>>) => {
    if (data?.type === 'whoIsHere') channel.postMessage({ type: 'here', claim: answer() });
  };
  return () => channel.close();
}

/** Answers of the other tabs at `place`. */
export async function askOtherTabs<Answer>(place: string): Promise<Answer[]> {
  const channel = openChannel(place);
  if (!channel) return [];
  const answers: Answer[] = [];
  channel.onmessage = ({ data }: MessageEvent<Message<Answer>>) => {
    if (data?.type === 'here') answers.push(data.claim);
  };
  channel.postMessage({ type: 'whoIsHere' });
  await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
  channel.close();
  return answers;
}

function openChannel(place: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(`switchboard ${place}`);
  } catch {
    // Missing, or forbidden to an embedded page.
    return null;
  }
}

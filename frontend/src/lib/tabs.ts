// Tabs of one browser that know of each other: whoever sits somewhere answers whoever asks. A tab
// that was closed, or has crashed, answers nobody, so there is nothing that could be out of date.
//
// Where there is no BroadcastChannel, every tab believes itself alone. Two that ask at the same
// instant do so too; then the server lets the later one have the seat.

import type { Unsubscribe } from './store';

/** Answers come from the same browser, within milliseconds; a tab that sleeps gives none. */
export const ANSWER_MS = 200;

type Message<Claim> = { type: 'whoIsHere' } | { type: 'here'; claim: Claim };

/** Answers other tabs that ask for `place`, until it is told to stop. */
export function sitAt<Claim>(place: string, claim: () => Claim): Unsubscribe {
  const channel = openChannel(place);
  if (!channel) return () => {};
  channel.onmessage = ({ data }: MessageEvent<Message<Claim>>) => {
    if (data?.type === 'whoIsHere') channel.postMessage({ type: 'here', claim: claim() });
  };
  return () => channel.close();
}

/** What the other tabs at `place` answer. */
export async function askOtherTabs<Claim>(place: string): Promise<Claim[]> {
  const channel = openChannel(place);
  if (!channel) return [];
  const claims: Claim[] = [];
  channel.onmessage = ({ data }: MessageEvent<Message<Claim>>) => {
    if (data?.type === 'here') claims.push(data.claim);
  };
  channel.postMessage({ type: 'whoIsHere' });
  await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
  channel.close();
  return claims;
}

function openChannel(place: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(`switchboard ${place}`);
  } catch {
    // Missing, or forbidden to a page that is embedded somewhere.
    return null;
  }
}

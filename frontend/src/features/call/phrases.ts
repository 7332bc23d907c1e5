// Short texts for the states of a call.

import type { Texts } from '../../lib/i18n/texts/en';
import type { CallSnapshot, OpenCallState } from '../../rtc/call/callState';

export interface Phrase {
  /** Text of one or two words. */
  label: string;
  title: string;
  detail: string;
}

/** Additional information about the state. */
export type Circumstances = Pick<CallSnapshot, 'peerName' | 'hasRelay'>;

export function phraseFor(state: OpenCallState, about: Circumstances, texts: Texts): Phrase {
  const { states, someone } = texts.call;
  const peer = about.peerName || someone;
  switch (state.phase) {
    case 'connecting':
      if (state.to === 'server') return states.joining;
      return state.noPath ? noPath(about, texts) : of(states.connecting, peer);
    case 'waiting':
      return about.peerName ? of(states.waitingForReturn, about.peerName) : states.waiting;
    case 'connected':
      return of({ ...states.connected, detail: '' }, peer);
    case 'reconnecting':
      if (state.lost === 'media' && state.noPath) return noPath(about, texts);
      return of({ label: states.reconnecting.label, ...states.reconnecting[state.lost] }, peer);
    case 'unreachable':
      return states.unreachable;
  }
}

function noPath({ peerName, hasRelay }: Circumstances, texts: Texts): Phrase {
  const { label, title, detail, detailNoRelay } = texts.call.states.noPath;
  return {
    label,
    title: title(peerName || texts.call.someone),
    detail: hasRelay ? detail : detailNoRelay,
  };
}

interface PhraseAbout {
  label: string;
  title: string | ((peer: string) => string);
  detail: string;
}

function of({ label, title, detail }: PhraseAbout, peer: string): Phrase {
  return { label, title: typeof title === 'string' ? title : title(peer), detail };
}

// Texts for the ways in which a visit ends.

import type { Texts } from '../../lib/i18n/texts/en';
import type { Ending } from '../../rtc/call/callState';
import type { Refused } from '../../signaling/client';

export interface EndingText {
  name: 'replaced' | 'left' | 'refused';
  title: string;
  detail: string;
  again: string;
}

export function endingText(
  ending: Ending,
  refusal: Refused | null,
  texts: Texts['endings'],
): EndingText {
  const name = nameOf(ending);
  const { title, again } = texts[name];
  const detail = name === 'refused' ? texts.refused.reasons[reasonOf(refusal)] : texts[name].detail;
  return { name, title, detail, again };
}

function nameOf(ending: Ending): EndingText['name'] {
  return ending.phase === 'ended' ? ending.reason : ending.phase;
}

function reasonOf(refusal: Refused | null): keyof Texts['endings']['refused']['reasons'] {
  if (refusal?.code === 'origin_not_allowed') return 'origin';
  if (refusal?.code !== 'invalid_field') return 'other';
  if (refusal.field === 'name') return 'name';
  return refusal.field === 'appointment_id' ? 'appointment' : 'other';
}

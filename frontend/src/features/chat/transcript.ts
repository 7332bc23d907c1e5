// The chat as plain text. Continuation lines of a message are indented, so that no message can
// imitate another sender's.

import { saveTextFile } from '../../lib/download';
import type { Texts } from '../../lib/i18n/texts/en';
import { fullTime } from '../../lib/time';
import type { ChatMessage } from './chatMessage';

export interface TranscriptOptions {
  appointmentId: string;
  messages: ChatMessage[];
  language: string;
  texts: Texts['chat'];
  now: Date;
}

export function saveTranscript(options: Omit<TranscriptOptions, 'now'>): void {
  const { texts, appointmentId } = options;
  const text = transcriptOf({ ...options, now: new Date() });
  saveTextFile(texts.transcript.fileName(appointmentId), text);
}

export function transcriptOf(options: TranscriptOptions): string {
  const { appointmentId, messages, language, texts, now } = options;
  const { heading, savedAt } = texts.transcript;
  const head = [heading(appointmentId), savedAt(fullTime(now, language)), ''];
  const lines = messages.map((message) => lineOf(message, language, texts));
  return `${[...head, ...lines].join('\n')}\n`;
}

function lineOf(message: ChatMessage, language: string, texts: Texts['chat']): string {
  const { name, text, sentAt, delivery } = message;
  const notes = [
    sentAt ? fullTime(sentAt, language) : '',
    delivery === 'sending' || delivery === 'failed' ? texts.transcript.notSent : '',
  ];
  const note = notes.filter(Boolean).join(', ');
  const start = note ? `[${note}] ` : '';
  return `${start}${texts.said(name ?? texts.unknown, text.replace(/\r\n|[\n\r\u2028\u2029]/g, '\n    '))}`;
}

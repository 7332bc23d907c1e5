// Saves the chat of a visit as a file.

import type { ChatStore } from '../features/chat/chatStore';
import { saveTranscript } from '../features/chat/transcript';
import { useLanguage, useTexts } from '../lib/i18n/useTexts';
import { notify } from '../lib/notices';
import { useStore } from '../lib/useStore';

export function useTranscript(appointmentId: string, chat: ChatStore) {
  const { chat: texts } = useTexts();
  const language = useLanguage();
  const { messages } = useStore(chat.snapshot);

  function save() {
    saveTranscript({ appointmentId, messages, language, texts });
    notify(texts.saved);
  }

  return { hasMessages: messages.length > 0, save };
}

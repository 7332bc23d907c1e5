// Texts of the chat.

import { formattedNumber } from '../../../time';
import { isolated } from '../../isolated';
import { pluralIn } from '../../plural';
import type { Texts } from '../en';

const plural = pluralIn('ar');

export const chat: Texts['chat'] = {
  title: 'الدردشة',
  close: 'إغلاق الدردشة',
  save: 'حفظ الدردشة في ملف',
  saved: 'تم حفظ الدردشة.',
  messages: 'الرسائل',
  empty: 'لا توجد رسائل بعد. ما يُكتب هنا يبقى ضمن هذا الموعد.',
  historyMissing: 'لا يمكن عرض الرسائل السابقة الآن، لكنها لم تُفقد.',
  showEarlier: 'عرض الرسائل السابقة',
  newMessages: 'رسائل جديدة',
  jumpToNewest: 'الانتقال إلى أحدث رسالة',
  unread: (count) => {
    const number = formattedNumber(count, 'ar');
    return plural(count, {
      zero: 'لا رسائل جديدة',
      one: 'رسالة جديدة واحدة',
      two: 'رسالتان جديدتان',
      few: `${number} رسائل جديدة`,
      other: `${number} رسالة جديدة`,
    });
  },
  said: (name, text) => `${isolated(name)}: ${isolated(text)}`,
  you: 'أنت',
  unknown: 'بلا اسم',
  today: 'اليوم',
  yesterday: 'أمس',
  sent: 'أُرسلت',
  sending: 'جارٍ الإرسال',
  notSent: 'لم تُرسل. المحاولة مرة أخرى',
  notKept: 'وصلت الرسالة، لكنها لن تظهر في المحادثة لاحقًا لأن المحادثة ممتلئة.',
  showAll: 'عرض الكل',
  showLess: 'عرض أقل',
  input: 'الرسالة',
  placeholder: 'اكتب رسالة',
  send: 'إرسال',
  tooLong: (excess, formatted) =>
    `هذه الرسالة أطول من أن تُرسل. يرجى تقصيرها بمقدار ${plural(excess, {
      one: 'حرف واحد',
      two: 'حرفين',
      few: `${isolated(formatted)} أحرف`,
      many: `${isolated(formatted)} حرفًا`,
      other: `${isolated(formatted)} حرف`,
    })}، أو إرسالها على أجزاء.`,
  transcript: {
    fileName: (appointment) => `chat-${appointment}.txt`,
    heading: (appointment) => `دردشة الموعد ${isolated(appointment)}`,
    savedAt: (time) => `وقت الحفظ: ${isolated(time)}`,
    notSent: 'لم تُرسل',
  },
};

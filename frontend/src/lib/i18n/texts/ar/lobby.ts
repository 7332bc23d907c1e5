// Texts of the first page and the page before the room.

import type { Texts } from '../en';

export const lobby: Texts['lobby'] = {
  login: {
    title: 'الانضمام إلى موعدك',
    note: 'يمكنك في الخطوة التالية تجربة الكاميرا والميكروفون، قبل أن يراك أو يسمعك أحد.',
    appointment: 'رقم الموعد',
    appointmentHint: 'الرقم مكتوب في الدعوة التي وصلتك.',
    name: 'اسمك',
    nameHint: 'سيراه الشخص الآخر.',
    continue: 'متابعة',
    otherProtocols: 'بروتوكولات أخرى لهذا الخادم:',
  },

  problems: {
    appointment: {
      missing: 'يرجى إدخال رقم الموعد.',
      tooLong: 'هذا أطول من أن يكون رقم موعد.',
      forbidden: 'رقم الموعد لا يحتوي على العلامة «/».',
    },
    name: {
      missing: 'يرجى إدخال اسمك.',
      tooLong: 'يرجى استخدام اسم أقصر.',
      forbidden: 'يرجى استخدام الحروف فقط.',
    },
  },

  preJoin: {
    title: 'هل كل شيء جاهز للانضمام؟',
    appointment: 'الموعد',
    joinAs: 'الانضمام باسم',
    changeName: 'تغيير الاسم',
    join: 'الانضمام الآن',
    joining: 'جارٍ الانضمام…',
    ownPicture: 'صورتك',
    cameraOff: 'الكاميرا متوقفة',
    cameraStarting: 'جارٍ تشغيل الكاميرا…',
    cameraMissing: 'لا توجد كاميرا',
    controls: 'الميكروفون والكاميرا',
    notSeenYet: 'لا أحد يراك أو يسمعك بعد.',
  },

  backToFirstPage: 'العودة إلى الصفحة الأولى',
};

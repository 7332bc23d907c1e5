// Texts used on several screens.

import type { Texts } from '../en';

export const common: Texts['common'] = {
  productName: 'Switchboard',
  tryAgain: 'المحاولة مرة أخرى',
  close: 'إغلاق',
  cancel: 'إلغاء',
  language: 'اللغة',
  loading: 'لحظة من فضلك…',
  firstPage: 'العودة إلى الصفحة الأولى',
  notLoaded: 'تعذّر تحميل هذا الجزء من الصفحة. يرجى التحقق من اتصالك.',
  reload: 'إعادة تحميل الصفحة',
};

// Texts used on several screens.

import type { Texts } from '../en';

export const common: Texts['common'] = {
  productName: 'Switchboard',
  tryAgain: 'Intentar de nuevo',
  close: 'Cerrar',
  cancel: 'Cancelar',
  language: 'Idioma',
  loading: 'Un momento…',
  firstPage: 'Volver a la página inicial',
  notLoaded: 'No se pudo cargar esta parte de la página. Por favor, compruebe su conexión.',
  reload: 'Volver a cargar la página',
};

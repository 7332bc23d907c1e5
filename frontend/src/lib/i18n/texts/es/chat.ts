// Texts of the chat.

import { isolated } from '../../isolated';
import { pluralIn } from '../../plural';
import type { Texts } from '../en';

const plural = pluralIn('es');

export const chat: Texts['chat'] = {
  title: 'Chat',
  close: 'Cerrar el chat',
  save: 'Guardar el chat en un archivo',
  saved: 'El chat se ha guardado.',
  messages: 'Mensajes',
  empty: 'Todavía no hay mensajes. Lo que escriba aquí queda en esta cita.',
  historyMissing:
    'En este momento no se pueden mostrar los mensajes anteriores. No se han perdido.',
  showEarlier: 'Mostrar mensajes anteriores',
  newMessages: 'Mensajes nuevos',
  jumpToNewest: 'Ir al mensaje más reciente',
  unread: (count) =>
    plural(count, { one: `${count} mensaje nuevo`, other: `${count} mensajes nuevos` }),
  said: (name, text) => `${isolated(name)}: ${isolated(text)}`,
  you: 'Usted',
  unknown: 'Sin nombre',
  today: 'Hoy',
  yesterday: 'Ayer',
  sent: 'Enviado',
  sending: 'Enviando',
  notSent: 'No se envió. Intentar de nuevo',
  notKept: 'Entregado. No aparecerá en el chat la próxima vez: el chat está lleno.',
  showAll: 'Mostrar todo',
  showLess: 'Mostrar menos',
  input: 'Mensaje',
  placeholder: 'Escriba un mensaje',
  send: 'Enviar',
  tooLong: (excess, formatted) =>
    `Este mensaje es demasiado largo para enviarlo. Por favor, acórtelo en ${plural(excess, {
      one: `${formatted} carácter`,
      many: `${formatted} de caracteres`,
      other: `${formatted} caracteres`,
    })} o envíelo por partes.`,
  transcript: {
    fileName: (appointment) => `chat-${appointment}.txt`,
    heading: (appointment) => `Chat de la cita ${isolated(appointment)}`,
    savedAt: (time) => `Guardado: ${isolated(time)}`,
    notSent: 'no enviado',
  },
};

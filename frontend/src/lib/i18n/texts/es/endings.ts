// Texts of the screens before, after and in place of a call.

import { isolated } from '../../isolated';
import { pluralIn } from '../../plural';
import type { Texts } from '../en';

const plural = pluralIn('es');

export const endings: Texts['endings'] = {
  saveTranscript: 'Guardar el chat',
  left: {
    title: 'Ha salido de la cita',
    detail: 'Si fue por error, puede volver a entrar enseguida.',
    duration: (length) => `Duración de su visita: ${isolated(length)}.`,
    again: 'Volver a entrar',
  },
  full: {
    held: {
      title: 'Su conexión anterior todavía ocupa este lugar',
      detail:
        'Se cortó, o la página se cerró sin salir. Usted entrará automáticamente en cuanto el lugar quede libre. No tiene que hacer nada.',
    },
    taken: {
      title: 'Hay dos personas en esta cita',
      detail:
        'Si una de ellas es usted, en otro dispositivo, salga allí: entonces entrará aquí automáticamente. Si no, compruebe que esta es su cita.',
    },
    joinsIn: (seconds) =>
      plural(seconds, {
        one: `Entrará en ${seconds} segundo`,
        other: `Entrará en ${seconds} segundos`,
      }),
    another: 'Otra cita',
  },
  replaced: {
    title: 'Ha continuado en otra pestaña',
    detail: 'Esta cita está abierta allí ahora. Si lo prefiere, puede continuar aquí.',
    again: 'Usar esta pestaña',
  },
  refused: {
    title: 'No puede entrar en esta cita',
    again: 'Intentar de nuevo',
    reasons: {
      appointment:
        'El servidor no acepta este número de cita. Compruébelo, por favor, o abra otra vez el enlace de su invitación.',
      name: 'El servidor no acepta su nombre tal como está. Por favor, vuelva atrás y escríbalo solo con letras y lo más corto posible.',
      origin:
        'El servidor no deja pasar esta página: se conoce por una dirección distinta de la que usted ha abierto. Por favor, use la dirección de su invitación.',
      other:
        'Algo no ha ido como debía. Por favor, cargue la página otra vez o pruebe con otro navegador.',
    },
  },
  unreachable: {
    network: {
      title: 'No logramos conectar con el servidor',
      detail: 'Esto es lo que puede intentar:',
    },
    busy: {
      title: 'El servidor está muy ocupado',
      detail: 'Le dejará entrar en cuanto pueda. Basta con esperar aquí.',
    },
    restarting: {
      title: 'El servidor se está reiniciando',
      detail: 'Es solo un momento. Basta con esperar aquí.',
    },
    steps: [
      'Compruebe que tiene internet, por ejemplo abriendo otra página.',
      'Acérquese a su wifi o cambie a los datos móviles.',
      'Si usa una VPN, apáguela un momento.',
    ],
    nextTry: (seconds) =>
      plural(seconds, {
        one: `Nuevo intento en ${seconds} segundo.`,
        other: `Nuevo intento en ${seconds} segundos.`,
      }),
    trying: 'Lo estamos intentando…',
    tryNow: 'Intentar ahora',
  },
  otherTab: {
    title: 'Ya está en esta cita en otra pestaña',
    detail: (name) =>
      `Allí usa el nombre ${isolated(name)}. Puede continuar aquí, y la otra pestaña dejará la cita.`,
    useThisTab: 'Usar esta pestaña',
    joinAsAnother: 'Entrar como otra persona',
  },
  invalidAppointment: {
    title: 'Esa cita no existe',
    detail:
      'El enlace está dañado o incompleto: lo que contiene no puede ser un número de cita. Por favor, copie el enlace entero de su invitación o escriba el número en la página inicial.',
  },
  notFound: {
    title: 'Esa página no existe',
    detail:
      'Puede que la dirección esté incompleta. Por favor, abra otra vez el enlace de su invitación.',
  },
  crashed: {
    title: 'Algo ha fallado',
    detail:
      'Esta página ha dejado de funcionar, y lo sentimos. Su lugar en la cita se conserva: cargue la página otra vez para volver.',
    again: 'Cargar otra vez',
  },
};

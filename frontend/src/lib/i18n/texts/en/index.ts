// All texts of the page in English, whose type the other languages implement.

import { call } from './call';
import { chat } from './chat';
import { common } from './common';
import { connection } from './connection';
import { devices } from './devices';
import { endings } from './endings';
import { lobby } from './lobby';

export const en = { common, lobby, devices, connection, call, chat, endings };

/** Type of a dictionary. A text with parameters is a function of them. */
export type Texts = typeof en;

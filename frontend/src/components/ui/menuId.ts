// By which id a menu's items know the menu that they close.

import { createContext } from 'react';

export const MenuId = createContext<string | undefined>(undefined);

// Accepted and rejected appointment ids and names.

import { describe, expect, it } from 'vitest';
import { limits } from '../../signaling/client';
import { appointmentProblem, nameProblem, normalizeAppointment } from './fields';

describe('an appointment id', () => {
  it.each(['42', ' 42 ', 'Zahnarzt Müller', '預約-7', 'x'.repeat(limits.nameChars)])(
    'may be %j',
    (id) => {
      expect(appointmentProblem(id)).toBeNull();
    },
  );

  it.each(['', '   ', 'a/b', 'a\u200bb', 'a\nb', 'x'.repeat(limits.nameChars + 1)])(
    'may not be %j',
    (id) => {
      expect(appointmentProblem(id)).not.toBeNull();
    },
  );

  it('is normalised to composed accents', () => {
    expect(normalizeAppointment(' Mu\u0308ller ')).toBe('Müller');
  });
});

describe('a name', () => {
  it.each(['Ann', 'Dr. Ann O’Neill', '安'])('may be %j', (name) => {
    expect(nameProblem(name)).toBeNull();
  });

  it.each(['', ' ', 'a\tb', 'x'.repeat(limits.nameChars + 1)])('may not be %j', (name) => {
    expect(nameProblem(name)).not.toBeNull();
  });
});

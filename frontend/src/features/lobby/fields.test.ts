// Which appointment ids and names are let through.

import { describe, expect, it } from 'vitest';
import { appointmentProblem, nameProblem, normalizeAppointment } from './fields';

describe('an appointment id', () => {
  it.each(['42', ' 42 ', 'Zahnarzt Müller', '預約-7', 'x'.repeat(128)])('may be %j', (id) => {
    expect(appointmentProblem(id)).toBeNull();
  });

  it.each(['', '   ', 'a/b', 'a\u200bb', 'a\nb', 'x'.repeat(129)])('may not be %j', (id) => {
    expect(appointmentProblem(id)).not.toBeNull();
  });

  it('is the same however its accents were typed', () => {
    expect(normalizeAppointment(' Mu\u0308ller ')).toBe('Müller');
  });
});

describe('a name', () => {
  it.each(['Ann', 'Dr. Ann O’Neill', '安'])('may be %j', (name) => {
    expect(nameProblem(name)).toBeNull();
  });

  it.each(['', ' ', 'a\tb', 'x'.repeat(129)])('may not be %j', (name) => {
    expect(nameProblem(name)).not.toBeNull();
  });
});

// Seats that a tab recovers, and seats that it does not.

import { beforeEach, describe, expect, it } from 'vitest';
import { joinAsAnother, readTab, seatStorageFor, takeSeat } from './seatStorage';

const seat = { participant: 'ann', session: 'token' };
const other = { participant: 'bob', session: 'another token' };

const ann = () => seatStorageFor('42', 'Ann');

beforeEach(() => {
  ann().write(seat);
});

/** Closes the tab: only the browser's storage remains. */
function closeTab(): void {
  window.sessionStorage.clear();
}

describe('a seat', () => {
  it('is recovered after a reload under any name', () => {
    expect(seatStorageFor('42', 'Anna').read()).toEqual(seat);
  });

  it('is recovered in a new tab under the same name', () => {
    closeTab();
    expect(ann().read()).toEqual(seat);
    expect(seatStorageFor('42', 'Bob').read()).toBeNull();
    expect(seatStorageFor('43', 'Ann').read()).toBeNull();
  });

  it('is forgotten by leaving: by the tab at once, by the browser when it is free', () => {
    const forget = ann().leave();
    expect(readTab('42').seat).toBeNull();
    expect(ann().read()).toEqual(seat);
    forget();
    expect(ann().read()).toBeNull();
    closeTab();
    expect(ann().read()).toBeNull();
  });

  it('that was taken after leaving is kept when the former one is forgotten', () => {
    const forget = ann().leave();
    ann().write(other);
    forget();
    expect(ann().read()).toEqual(other);
    closeTab();
    expect(ann().read()).toEqual(other);
  });

  it('is not recovered by a second participant of the same name', () => {
    joinAsAnother('42');
    expect(ann().read()).toBeNull();
  });

  it('of another tab can be taken over', () => {
    closeTab();
    takeSeat('42', other);
    expect(ann().read()).toEqual(other);
    expect(readTab('42').seat).toEqual(other);
  });

  it('of another tab is kept when this one leaves', () => {
    joinAsAnother('42');
    seatStorageFor('42', 'Bob').write(other);
    seatStorageFor('42', 'Bob').leave()();
    closeTab();
    expect(ann().read()).toEqual(seat);
  });

  it('is one of the last twenty', () => {
    for (let id = 0; id < 20; id += 1) seatStorageFor(`appointment ${id}`, 'Ann').write(other);
    closeTab();
    expect(ann().read()).toBeNull();
    expect(seatStorageFor('appointment 0', 'Ann').read()).toEqual(other);
  });

  it('that is malformed is ignored', () => {
    closeTab();
    window.sessionStorage.setItem('switchboard.seat.42', '{"odd');
    window.localStorage.setItem('switchboard.seats', '"odd"');
    expect(ann().read()).toBeNull();
  });
});

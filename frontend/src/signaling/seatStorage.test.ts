// Which seat a tab finds again, and which it does not.

import { beforeEach, describe, expect, it } from 'vitest';
import { joinAsAnother, readTab, seatStorageFor, takeSeat } from './seatStorage';

const seat = { participant: 'ann', session: 'token' };
const other = { participant: 'bob', session: 'another token' };

const ann = () => seatStorageFor('42', 'Ann');

beforeEach(() => {
  ann().write(seat);
});

/** The tab was closed; the browser is all there is. */
function closeTab(): void {
  window.sessionStorage.clear();
}

describe('a seat', () => {
  it('is found again after a reload, whatever name is given then', () => {
    expect(seatStorageFor('42', 'Anna').read()).toEqual(seat);
  });

  it('is found again by whoever closed the browser and has the same name', () => {
    closeTab();
    expect(ann().read()).toEqual(seat);
    expect(seatStorageFor('42', 'Bob').read()).toBeNull();
    expect(seatStorageFor('43', 'Ann').read()).toBeNull();
  });

  it('is forgotten by leaving: by the tab at once, by the browser when the seat is free', () => {
    const forget = ann().leave();
    expect(readTab('42').seat).toBeNull();
    expect(ann().read()).toEqual(seat);
    forget();
    expect(ann().read()).toBeNull();
    closeTab();
    expect(ann().read()).toBeNull();
  });

  it('that was taken after leaving is not forgotten with the former one', () => {
    const forget = ann().leave();
    ann().write(other);
    forget();
    expect(ann().read()).toEqual(other);
    closeTab();
    expect(ann().read()).toEqual(other);
  });

  it('is not given to another person of the same name in the same browser', () => {
    joinAsAnother('42');
    expect(ann().read()).toBeNull();
  });

  it('of another tab can be taken', () => {
    closeTab();
    takeSeat('42', other);
    expect(ann().read()).toEqual(other);
    expect(readTab('42').seat).toEqual(other);
  });

  it('of another tab is not forgotten by leaving this one', () => {
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

  it('that makes no sense is none', () => {
    closeTab();
    window.sessionStorage.setItem('switchboard.seat.42', '{"odd');
    window.localStorage.setItem('switchboard.seats', '"odd"');
    expect(ann().read()).toBeNull();
  });
});

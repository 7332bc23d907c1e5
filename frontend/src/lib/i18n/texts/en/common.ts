// Texts used on several screens.

export const common = {
  productName: 'Switchboard',
  tryAgain: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  language: 'Language',
  loading: 'One moment…',
  firstPage: 'Back to the first page',
  notLoaded: 'This part of the page could not be loaded. Please check your connection.',
  reload: 'Reload the page',
};

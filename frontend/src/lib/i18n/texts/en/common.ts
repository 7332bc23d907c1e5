// Words that appear all over the page.

export const common = {
  productName: 'Switchboard',
  tryAgain: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  language: 'Language',
  loading: 'One moment…',
  firstPage: 'Back to the first page',
};

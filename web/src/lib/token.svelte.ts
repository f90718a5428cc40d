/** Who the reader is, where a token says so. It is kept for this tab alone and sent in no address. */

const KEY = "perilune-token";

export interface Holder {
  partner: string;
  name: string;
  roles: string[];
  label: string | null;
  expires_utc: string | null;
}

class Token {
  value = $state(sessionStorage.getItem(KEY) ?? "");
  holder = $state<Holder | null>(null);

  keep(value: string, holder: Holder): void {
    sessionStorage.setItem(KEY, value);
    [this.value, this.holder] = [value, holder];
  }

  forget(): void {
    sessionStorage.removeItem(KEY);
    [this.value, this.holder] = ["", null];
  }
}

export const token = new Token();

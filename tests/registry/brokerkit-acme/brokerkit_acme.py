import pandas as pd

from brokerkit import BrokerPlugin, Fx, Money, Services, Session, errors, hookimpl, unsupported

RATES = {"EURUSD": 1.08, "GBPUSD": 1.25}


class AcmeFx(Fx):
    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        return sorted(RATES)

    @hookimpl
    def get_fx_prices(self, fx_code: str) -> pd.Series:
        if fx_code not in RATES:
            raise errors.MissingFxCode(f"Acme does not quote {fx_code!r}.", given=fx_code, candidates=RATES)
        return pd.Series([RATES[fx_code]], pd.DatetimeIndex(["2023-06-01"], tz="UTC", name="time"), name=fx_code)

    @hookimpl
    def get_fx_balances(self, account: str = "") -> list[Money]:
        return [Money("USD", 500)]

    put_fx_order_on_stack = unsupported("Acme has no FX desk")


def open_acme(settings: object, services: Services) -> Session:
    return Session(domains=(AcmeFx(),), others=unsupported("Acme only quotes currencies"))


plugin = BrokerPlugin(open=open_acme, summary="Acme's currencies")

"""Every attribute of an order with its wire type, defined once.

Three messages have these attributes, each in its own sequence: placeOrder, openOrder and completedOrder.
Runs of attributes that all three share are grouped here as well.
"""

from __future__ import annotations

from typing import Annotated, Any

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Counted, Item, Tagged, When, of
from brokerkit.plugins.sim.gateway.codec.parts import CONDITION_KINDS, ComboLeg, Condition, TagValue
from brokerkit.plugins.sim.gateway.codec.wire import (
    Flag,
    Int,
    MaxInt,
    MaxLong,
    MaxNumber,
    MaxSize,
    MaybeInt,
    MaybeNumber,
    Number,
    Size,
    Text,
)


@attrs.frozen(slots=False)  # made by the thousand, and faster to copy with a dict
class OrderTerms:
    """The terms of an order, as sent by a client and echoed by a gateway."""

    action: Text = ""
    total_quantity: Size = 0.0
    order_type: Text = ""
    limit_price: MaybeNumber = None
    aux_price: MaybeNumber = None
    tif: Text = ""
    oca_group: Text = ""
    account: Text = ""
    open_close: Text = ""
    origin: Int = 0
    order_ref: Text = ""
    client_id: Int = 0
    perm_id: Int = 0
    parent_id: Int = 0
    transmit: Flag = True
    block_order: Flag = False
    sweep_to_fill: Flag = False
    display_size: MaxInt = None
    trigger_method: Int = 0
    outside_rth: Flag = False
    hidden: Flag = False
    combo_legs: Annotated[tuple[ComboLeg, ...], Counted()] = ()
    leg_prices: Annotated[tuple[MaybeNumber, ...], Counted()] = ()
    smart_routing: Annotated[tuple[TagValue, ...], Counted()] = ()
    combo_description: Text = ""
    shares_allocation: Text = ""
    discretionary_amount: Number = 0.0
    good_after_time: Text = ""
    good_till_date: Text = ""
    fa_group: Text = ""
    fa_method: Text = ""
    fa_percentage: Text = ""
    fa_profile: Text = ""
    model_code: Text = ""
    short_sale_slot: Int = 0
    designated_location: Text = ""
    exempt_code: Int = -1
    oca_type: Int = 0
    rule_80a: Text = ""
    settling_firm: Text = ""
    all_or_none: Flag = False
    min_quantity: MaybeInt = None
    percent_offset: MaybeNumber = None
    e_trade_only: Flag = False
    firm_quote_only: Flag = False
    nbbo_price_cap: MaybeNumber = None
    auction_strategy: Int = 0
    starting_price: MaybeNumber = None
    stock_ref_price: MaybeNumber = None
    delta: MaybeNumber = None
    stock_range_lower: MaybeNumber = None
    stock_range_upper: MaybeNumber = None
    override_percentage_constraints: Flag = False
    volatility: MaybeNumber = None
    volatility_type: MaybeInt = None
    delta_neutral_order_type: Text = ""
    delta_neutral_aux_price: MaybeNumber = None
    delta_neutral_con_id: Int = 0
    delta_neutral_settling_firm: Text = ""
    delta_neutral_clearing_account: Text = ""
    delta_neutral_clearing_intent: Text = ""
    delta_neutral_open_close: Text = ""
    delta_neutral_short_sale: Flag = False
    delta_neutral_short_sale_slot: Int = 0
    delta_neutral_designated_location: Text = ""
    continuous_update: Flag = False
    reference_price_type: MaybeInt = None
    trail_stop_price: MaybeNumber = None
    trailing_percent: MaybeNumber = None
    basis_points: MaybeNumber = None
    basis_points_type: MaybeInt = None
    scale_init_level_size: MaxInt = None
    scale_subs_level_size: MaxInt = None
    scale_price_increment: MaybeNumber = None
    scale_price_adjust_value: MaybeNumber = None
    scale_price_adjust_interval: MaybeInt = None
    scale_profit_offset: MaybeNumber = None
    scale_auto_reset: Flag = False
    scale_init_position: MaybeInt = None
    scale_init_fill_quantity: MaybeInt = None
    scale_random_percent: Flag = False
    scale_table: Text = ""
    active_start_time: Text = ""
    active_stop_time: Text = ""
    hedge_type: Text = ""
    hedge_param: Text = ""
    opt_out_smart_routing: Flag = False
    clearing_account: Text = ""
    clearing_intent: Text = ""
    not_held: Flag = False
    algo_strategy: Text = ""
    algo_params: Annotated[tuple[TagValue, ...], Counted()] = ()
    algo_id: Text = ""
    what_if: Flag = False
    misc_options: Text = ""
    solicited: Flag = False
    randomize_size: Flag = False
    randomize_price: Flag = False
    reference_contract_id: Int = 0
    pegged_change_decrease: Flag = False
    pegged_change_amount: Number = 0.0
    reference_change_amount: Number = 0.0
    reference_exchange: Text = ""
    conditions: Annotated[tuple[Condition, ...], Tagged(CONDITION_KINDS)] = ()
    conditions_ignore_rth: Flag = False
    conditions_cancel_order: Flag = False
    adjusted_order_type: Text = ""
    trigger_price: MaxNumber = None
    limit_price_offset: MaxNumber = None
    adjusted_stop_price: MaxNumber = None
    adjusted_stop_limit_price: MaxNumber = None
    adjusted_trailing_amount: MaxNumber = None
    adjustable_trailing_unit: Int = 0
    ext_operator: Text = ""
    soft_dollar_name: Text = ""
    soft_dollar_value: Text = ""
    soft_dollar_display_name: Text = ""
    cash_quantity: MaybeNumber = None
    mifid_decision_maker: Text = ""
    mifid_decision_algo: Text = ""
    mifid_execution_trader: Text = ""
    mifid_execution_algo: Text = ""
    no_auto_price_for_hedge: Flag = False
    oms_container: Flag = False
    discretionary_up_to_limit: Flag = False
    use_price_mgmt_algo: Flag = False
    duration: MaybeInt = None
    post_to_ats: MaybeInt = None
    auto_cancel_parent: Flag = False
    advanced_error_override: Text = ""
    manual_order_time: Text = ""
    min_trade_quantity: MaybeInt = None
    min_compete_size: MaybeInt = None
    compete_against_best_offset: MaybeNumber = None
    mid_offset_at_whole: MaybeNumber = None
    mid_offset_at_half: MaybeNumber = None
    auto_cancel_date: Text = ""
    filled_quantity: MaxSize = None
    ref_futures_con_id: Int = 0
    shareholder: Text = ""
    imbalance_only: Flag = False
    route_marketable_to_bbo: Flag = False
    parent_perm_id: MaxLong = None

    def but(self, **changes: Any) -> OrderTerms:
        """Return the terms with some changed, as `attrs.evolve` would at sixty times the cost.

        Raises:
            TypeError: There is no such term.

        Example:
            >>> OrderTerms("BUY", 1.0, "MKT").but(tif="GTC").tif
            'GTC'
        """
        if not changes.keys() <= self.__dict__.keys():
            raise TypeError(f"an order has no {', '.join(sorted(changes.keys() - self.__dict__.keys()))}")
        made = object.__new__(OrderTerms)
        object.__setattr__(made, "__dict__", self.__dict__ | changes)
        return made


NO_TERMS = OrderTerms()
"""Terms with every attribute at its default."""


DELTA_NEUTRAL: tuple[Item, ...] = (
    When(
        "order.delta_neutral_order_type",
        of(
            "order",
            "delta_neutral_con_id delta_neutral_settling_firm delta_neutral_clearing_account "
            "delta_neutral_clearing_intent delta_neutral_open_close delta_neutral_short_sale "
            "delta_neutral_short_sale_slot delta_neutral_designated_location",
        ),
    ),
)
SCALE: tuple[Item, ...] = (
    *of("order", "scale_init_level_size scale_subs_level_size scale_price_increment"),
    When(
        "order.scale_price_increment",
        of(
            "order",
            "scale_price_adjust_value scale_price_adjust_interval scale_profit_offset scale_auto_reset "
            "scale_init_position scale_init_fill_quantity scale_random_percent",
        ),
        positive=True,
    ),
)
HEDGE: tuple[Item, ...] = ("order.hedge_type", When("order.hedge_type", ("order.hedge_param",)))
ALGO: tuple[Item, ...] = ("order.algo_strategy", When("order.algo_strategy", ("order.algo_params",)))
PEGGED_TO_BENCHMARK: tuple[Item, ...] = (
    When(
        "order.order_type",
        of(
            "order",
            "reference_contract_id pegged_change_decrease pegged_change_amount reference_change_amount "
            "reference_exchange",
        ),
        equals="PEG BENCH",
    ),
)
CONDITIONS: tuple[Item, ...] = (
    "order.conditions",
    When("order.conditions", of("order", "conditions_ignore_rth conditions_cancel_order")),
)
PEGGED_TO_BEST: tuple[str, ...] = of(
    "order",
    "min_trade_quantity min_compete_size compete_against_best_offset mid_offset_at_whole mid_offset_at_half",
)

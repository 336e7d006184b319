"""Responses about orders: status, open orders, completed orders."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Flagged, Item, When, before, of, since
from brokerkit.plugins.sim.gateway.codec.message import response
from brokerkit.plugins.sim.gateway.codec.order_terms import (
    ALGO,
    CONDITIONS,
    DELTA_NEUTRAL,
    HEDGE,
    NO_TERMS,
    PEGGED_TO_BENCHMARK,
    PEGGED_TO_BEST,
    SCALE,
    OrderTerms,
)
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, Contract, DeltaNeutralContract
from brokerkit.plugins.sim.gateway.codec.wire import Int, MaxNumber, MaybeNumber, Number, Size, Text

_ANSWERED_CONTRACT = of(
    "contract",
    "con_id symbol sec_type last_trade_date strike right multiplier exchange currency local_symbol trading_class",
)


@response(3, "orderStatus")
@attrs.frozen
class OrderStatus:
    """The status and fills of an order."""

    order_id: Int
    status: Text
    filled: Size = 0.0
    remaining: Size = 0.0
    average_fill_price: Number = 0.0
    perm_id: Int = 0
    parent_id: Int = 0
    last_fill_price: Number = 0.0
    client_id: Int = 0
    why_held: Text = ""
    market_cap_price: Number = 0.0


@attrs.frozen
class OrderState:
    """The state of an order beside its terms; margins are text on the wire."""

    status: Text = ""
    init_margin_before: MaxNumber = None
    maintenance_margin_before: MaxNumber = None
    equity_with_loan_before: MaxNumber = None
    init_margin_change: MaxNumber = None
    maintenance_margin_change: MaxNumber = None
    equity_with_loan_change: MaxNumber = None
    init_margin_after: MaxNumber = None
    maintenance_margin_after: MaxNumber = None
    equity_with_loan_after: MaxNumber = None
    commission: MaybeNumber = None
    min_commission: MaybeNumber = None
    max_commission: MaybeNumber = None
    commission_currency: Text = ""
    warning_text: Text = ""


NO_STATE = OrderState()
"""A state with every field at its default."""


_OPEN_ORDER: tuple[Item, ...] = (
    "order_id",
    *_ANSWERED_CONTRACT,
    *of("order", "action total_quantity order_type limit_price aux_price tif oca_group account open_close origin"),
    *of("order", "order_ref client_id perm_id outside_rth hidden discretionary_amount good_after_time"),
    *of("order", "shares_allocation fa_group fa_method fa_percentage"),
    before(177, "order.fa_profile"),
    *of("order", "model_code good_till_date rule_80a percent_offset settling_firm short_sale_slot"),
    *of("order", "designated_location exempt_code auction_strategy starting_price stock_ref_price delta"),
    *of("order", "stock_range_lower stock_range_upper display_size block_order sweep_to_fill all_or_none"),
    *of("order", "min_quantity oca_type e_trade_only firm_quote_only nbbo_price_cap parent_id trigger_method"),
    *of("order", "volatility volatility_type delta_neutral_order_type delta_neutral_aux_price"),
    *DELTA_NEUTRAL,
    *of("order", "continuous_update reference_price_type trail_stop_price trailing_percent basis_points"),
    *of("order", "basis_points_type combo_description combo_legs leg_prices smart_routing"),
    *SCALE,
    *HEDGE,
    *of("order", "opt_out_smart_routing clearing_account clearing_intent not_held"),
    "delta_neutral",
    *ALGO,
    *of("order", "solicited what_if"),
    "state",
    *of("order", "randomize_size randomize_price"),
    *PEGGED_TO_BENCHMARK,
    *CONDITIONS,
    *of("order", "adjusted_order_type trigger_price trail_stop_price limit_price_offset adjusted_stop_price"),
    *of("order", "adjusted_stop_limit_price adjusted_trailing_amount adjustable_trailing_unit"),
    *of("order", "soft_dollar_name soft_dollar_value soft_dollar_display_name cash_quantity"),
    *of("order", "no_auto_price_for_hedge oms_container discretionary_up_to_limit use_price_mgmt_algo"),
    since(159, "order.duration"),
    since(160, "order.post_to_ats"),
    since(162, "order.auto_cancel_parent"),
    since(170, *PEGGED_TO_BEST),
)


@response(5, "openOrder", layout=_OPEN_ORDER)
@attrs.frozen
class OpenOrder:
    """The terms and state of an open order."""

    order_id: Int
    contract: Contract = ANY_CONTRACT
    order: OrderTerms = NO_TERMS
    state: OrderState = NO_STATE
    delta_neutral: Annotated[DeltaNeutralContract | None, Flagged()] = None


@response(53, "openOrderEnd", version=1)
@attrs.frozen
class OpenOrderEnd:
    """The list of open orders is complete."""


@response(100, "orderBound")
@attrs.frozen
class OrderBound:
    """An order was bound to an order id, by which a client can manage it."""

    perm_id: Int
    client_id: Int
    order_id: Int


_COMPLETED_ORDER: tuple[Item, ...] = (
    *_ANSWERED_CONTRACT,
    *of("order", "action total_quantity order_type limit_price aux_price tif oca_group account open_close origin"),
    *of("order", "order_ref perm_id outside_rth hidden discretionary_amount good_after_time"),
    *of("order", "fa_group fa_method fa_percentage"),
    before(177, "order.fa_profile"),
    *of("order", "model_code good_till_date rule_80a percent_offset settling_firm short_sale_slot"),
    *of("order", "designated_location exempt_code starting_price stock_ref_price delta stock_range_lower"),
    *of("order", "stock_range_upper display_size sweep_to_fill all_or_none min_quantity oca_type trigger_method"),
    *of("order", "volatility volatility_type delta_neutral_order_type delta_neutral_aux_price"),
    When(
        "order.delta_neutral_order_type",
        of(
            "order",
            "delta_neutral_con_id delta_neutral_short_sale delta_neutral_short_sale_slot "
            "delta_neutral_designated_location",
        ),
    ),
    *of("order", "continuous_update reference_price_type trail_stop_price trailing_percent"),
    *of("order", "combo_description combo_legs leg_prices smart_routing"),
    *SCALE,
    *HEDGE,
    *of("order", "clearing_account clearing_intent not_held"),
    "delta_neutral",
    *ALGO,
    "order.solicited",
    "status",
    *of("order", "randomize_size randomize_price"),
    *PEGGED_TO_BENCHMARK,
    *CONDITIONS,
    *of("order", "trail_stop_price limit_price_offset cash_quantity no_auto_price_for_hedge oms_container"),
    *of("order", "auto_cancel_date filled_quantity ref_futures_con_id auto_cancel_parent shareholder"),
    *of("order", "imbalance_only route_marketable_to_bbo parent_perm_id"),
    *("completed_time", "completed_status"),
    since(170, *PEGGED_TO_BEST),
)


@response(101, "completedOrder", layout=_COMPLETED_ORDER)
@attrs.frozen
class CompletedOrder:
    """A completed order; it has no order id and no client id."""

    contract: Contract = ANY_CONTRACT
    order: OrderTerms = NO_TERMS
    delta_neutral: Annotated[DeltaNeutralContract | None, Flagged()] = None
    status: Text = ""
    completed_time: Text = ""
    completed_status: Text = ""


@response(102, "completedOrdersEnd")
@attrs.frozen
class CompletedOrdersEnd:
    """The list of completed orders is complete."""

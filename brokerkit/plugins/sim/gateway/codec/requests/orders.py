"""Requests about orders: place, cancel, list."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Flagged, Item, Versions, When, before, of, since
from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.order_terms import (
    ALGO,
    CONDITIONS,
    DELTA_NEUTRAL,
    HEDGE,
    NO_TERMS,
    PEGGED_TO_BENCHMARK,
    SCALE,
    OrderTerms,
)
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, Contract, DeltaNeutralContract
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Text

_PLACE_ORDER: tuple[Item, ...] = (
    "order_id",
    "contract",
    *("sec_id_type", "sec_id"),
    *of("order", "action total_quantity order_type limit_price aux_price tif oca_group account open_close origin"),
    *of("order", "order_ref transmit parent_id block_order sweep_to_fill display_size trigger_method outside_rth"),
    "order.hidden",
    When("contract.sec_type", of("order", "combo_legs leg_prices smart_routing"), equals="BAG"),
    *of("order", "shares_allocation discretionary_amount good_after_time good_till_date fa_group fa_method"),
    "order.fa_percentage",
    before(177, "order.fa_profile"),
    *of("order", "model_code short_sale_slot designated_location exempt_code oca_type rule_80a settling_firm"),
    *of("order", "all_or_none min_quantity percent_offset e_trade_only firm_quote_only nbbo_price_cap"),
    *of("order", "auction_strategy starting_price stock_ref_price delta stock_range_lower stock_range_upper"),
    *of("order", "override_percentage_constraints volatility volatility_type delta_neutral_order_type"),
    "order.delta_neutral_aux_price",
    *DELTA_NEUTRAL,
    *of("order", "continuous_update reference_price_type trail_stop_price trailing_percent"),
    *SCALE,
    *of("order", "scale_table active_start_time active_stop_time"),
    *HEDGE,
    *of("order", "opt_out_smart_routing clearing_account clearing_intent not_held"),
    "delta_neutral",
    *ALGO,
    *of("order", "algo_id what_if misc_options solicited randomize_size randomize_price"),
    *PEGGED_TO_BENCHMARK,
    *CONDITIONS,
    *of("order", "adjusted_order_type trigger_price limit_price_offset adjusted_stop_price"),
    *of("order", "adjusted_stop_limit_price adjusted_trailing_amount adjustable_trailing_unit ext_operator"),
    *of("order", "soft_dollar_name soft_dollar_value cash_quantity mifid_decision_maker mifid_decision_algo"),
    *of("order", "mifid_execution_trader mifid_execution_algo no_auto_price_for_hedge oms_container"),
    *of("order", "discretionary_up_to_limit use_price_mgmt_algo"),
    since(158, "order.duration"),
    since(160, "order.post_to_ats"),
    since(162, "order.auto_cancel_parent"),
    since(166, "order.advanced_error_override"),
    since(169, "order.manual_order_time"),
    since(
        170,
        When("contract.exchange", ("order.min_trade_quantity",), equals="IBKRATS"),
        When(
            "order.order_type",
            (
                *of("order", "min_compete_size compete_against_best_offset"),
                When(
                    "order.compete_against_best_offset",
                    of("order", "mid_offset_at_whole mid_offset_at_half"),
                    equals=float("inf"),
                ),
            ),
            equals="PEG BEST",
        ),
        When("order.order_type", of("order", "mid_offset_at_whole mid_offset_at_half"), equals="PEG MID"),
    ),
)


@request(3, "placeOrder", layout=_PLACE_ORDER)
@attrs.frozen
class PlaceOrder:
    """Place an order, modify the one with the same id, or (what-if) request its margin and commission."""

    order_id: Int
    contract: Contract = ANY_CONTRACT
    order: OrderTerms = NO_TERMS
    sec_id_type: Text = ""
    sec_id: Text = ""
    delta_neutral: Annotated[DeltaNeutralContract | None, Flagged()] = None


@request(4, "cancelOrder", version=1)
@attrs.frozen
class CancelOrder:
    """Cancel one order."""

    order_id: Int
    manual_cancel_time: Annotated[Text, Versions(since=169)] = ""


@request(58, "reqGlobalCancel", version=1)
@attrs.frozen
class GlobalCancel:
    """Cancel every open order of every client."""


@request(5, "reqOpenOrders", version=1)
@attrs.frozen
class OpenOrdersRequest:
    """List the open orders of this client."""


@request(16, "reqAllOpenOrders", version=1)
@attrs.frozen
class AllOpenOrdersRequest:
    """List the open orders of every client."""


@request(15, "reqAutoOpenOrders", version=1)
@attrs.frozen
class AutoOpenOrders:
    """Start or stop binding orders placed by hand to client 0."""

    auto_bind: Flag = True


@request(99, "reqCompletedOrders")
@attrs.frozen
class CompletedOrdersRequest:
    """List the completed orders."""

    api_only: Flag = False

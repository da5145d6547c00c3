using Traceability.Node.Operators;

namespace Traceability.Node.Trades;

/// <summary>What a buyer asks.</summary>
internal sealed record TradeRequestNotice(OperatorId SupplierId, string Message, DateTimeOffset? DueAt, string Unit)
    : INotice
{
    public static string Kind => "trade_request";
}

/// <summary>What a supplier answers.</summary>
internal sealed record TradeAcceptNotice(string PartRef) : INotice
{
    public static string Kind => "trade_accept";
}

/// <summary>What a supplier refuses with.</summary>
internal sealed record TradeRejectNotice(OperatorId BuyerId, string Message) : INotice
{
    public static string Kind => "trade_reject";
}

/// <summary>The buyer withdraws.</summary>
internal sealed record TradeCancelNotice : INotice
{
    public static string Kind => "trade_cancel";
}

/// <summary>One side ends what was accepted.</summary>
internal sealed record TradeEndNotice : INotice
{
    public static string Kind => "trade_end";
}

namespace Traceability.Broker;

/// <summary>
/// Something that a member or the federation does, decided and written in one transaction. It knows nothing of rpcs.
/// </summary>
internal interface IAct<TResult>
{
    /// <summary>
    /// Acts with the same turn come one after the other, at all replicas: "trade/..." or "operator/...".
    /// </summary>
    string Turn { get; }

    Task<TResult> HandleAsync(BrokerSession session, CancellationToken cancellationToken);
}

using System.Text.Json.Serialization;

namespace Traceability.Domain;

/// <summary>What the events of one stream lead to: all that decisions about it need.</summary>
public interface IState<TSelf>
    where TSelf : class, IState<TSelf>
{
    /// <summary>The name of the stream; set by the store.</summary>
    string Id { get; }

    /// <summary>How many events the stream has: what an etag says. Set by the store.</summary>
    [JsonIgnore]
    long StreamVersion { get; }

    /// <summary>The state after an event. A projection: it reads no clock and makes no ids.</summary>
    static abstract TSelf? Evolve(TSelf? state, object e);
}

namespace Traceability.Node.Operators;

/// <summary>What a node is told by its configuration, section "Node".</summary>
public sealed record NodeSettings
{
    /// <summary>Address of the broker.</summary>
    public required string Broker { get; init; }

    /// <summary>The operators that live here.</summary>
    public OperatorSettings[] Operators { get; init; } = [];

    /// <summary>
    /// A folder with a JSON file per further operator (the members of <see cref="OperatorSettings"/>). A file that is
    /// put there is taken up within seconds, without a restart.
    /// </summary>
    public string? OperatorFolder { get; init; }
}

/// <summary>One operator of a node.</summary>
public sealed record OperatorSettings
{
    public required Guid OperatorId { get; init; }

    /// <summary>The client with which the node gets tokens for the broker in this operator's name.</summary>
    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    /// <summary>Folder of the operator's keys. What is missing in it is made.</summary>
    public required string Keys { get; init; }
}

using Traceability.Domain.Releases;
using Traceability.Proofs.Keeping;

namespace Traceability.Node.Operators;

/// <summary>What a node is told by its configuration, section "Node".</summary>
public sealed record NodeSettings
{
    /// <summary>Address of the broker.</summary>
    public required string Broker { get; init; }

    /// <summary>What tokens for the broker must be for, where that is not its address: its Host:Audience.</summary>
    public string? BrokerResource { get; init; }

    /// <summary>
    /// File with the secret by which the keys of those operators are kept that name no store of their own: at least 32
    /// random characters, from the platform's own store of secrets. Without it none of those keys can be opened.
    /// </summary>
    public required string KeySecretFile { get; init; }

    /// <summary>The token that keeps them instead. Null: the file does.</summary>
    public Pkcs11Settings? Pkcs11 { get; init; }

    /// <summary>
    /// What the node does when a customer could work out more than the figure: "Warn" grants, "Consent" wants the
    /// findings accepted, "Block" refuses.
    /// </summary>
    public InferenceMode Inference { get; init; } = InferenceMode.Warn;

    /// <summary>
    /// How long a signing key that takes the place of a lost one must have been announced before this node believes
    /// it: 7 days, and more if you like. Less is for tests.
    /// </summary>
    public TimeSpan? KeyRecoveryDelay { get; init; }

    /// <summary>How many other members must have cosigned the key log as it is shown here.</summary>
    public int KeyLogCosigners { get; init; } = 1;

    /// <summary>The members whose cosignatures count, by their operator ids. Empty: all.</summary>
    public Guid[] KeyLogWitnesses { get; init; } = [];

    /// <summary>The key of the key log: "name+id+key". Null: the one that is shown first, for as long as the database
    /// of any operator here remembers it.</summary>
    public string? KeyLogVerifier { get; init; }

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

    /// <summary>
    /// PEM file of the certificate that names the operator, shown to issuer and broker in its name. Null where
    /// Host:Certificate names it.
    /// </summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file of the key to it; null where it is in the same file.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>Folder of the operator's keys. What is missing in it is made.</summary>
    public required string Keys { get; init; }

    /// <summary>File with this operator's own secret, as <see cref="NodeSettings.KeySecretFile"/>. Null: the node's
    /// keeps its keys, too.</summary>
    public string? KeySecretFile { get; init; }

    /// <summary>The token that keeps this operator's keys.</summary>
    public Pkcs11Settings? Pkcs11 { get; init; }
}

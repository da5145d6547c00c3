using System.Collections.Concurrent;
using Traceability.Proofs.Keeping;

namespace Traceability.Node.Operators;

/// <summary>Which store keeps the keys of which operator: its own, where it names one, or the node's.</summary>
internal sealed class KeyStores(NodeSettings node) : IDisposable
{
    private readonly ConcurrentDictionary<Pkcs11Settings, Pkcs11KeyStore> _tokens = [];

    /// <summary>The node's secret, which also opens what was written when there was no other.</summary>
    public FileKeyStore OfTheNode { get; } = new(node.KeySecretFile);

    public IKeyStore Of(OperatorSettings settings) => settings switch
    {
        { Pkcs11: { } token } => Token(token),
        { KeySecretFile: { } file } => new FileKeyStore(file),
        _ when node.Pkcs11 is { } token => Token(token),
        _ => OfTheNode,
    };

    public void Dispose()
    {
        foreach (var token in _tokens.Values)
        {
            token.Dispose();
        }
    }

    private Pkcs11KeyStore Token(Pkcs11Settings settings) =>
        _tokens.GetOrAdd(settings, token => new Pkcs11KeyStore(token));
}

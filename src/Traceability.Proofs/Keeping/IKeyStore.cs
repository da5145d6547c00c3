namespace Traceability.Proofs.Keeping;

/// <summary>
/// What keeps secrets apart from the disk with the keys. It wraps the key with which the files of one owner are
/// encrypted, so that nothing but the same store unwraps it, and for that owner only.
/// </summary>
public interface IKeyStore
{
    /// <summary>Which one it is, in words that people know it by. It stands beside what was wrapped.</summary>
    string Name { get; }

    /// <param name="ownerId">Whose key it is.</param>
    /// <param name="key">32 bytes.</param>
    byte[] Wrap(Guid ownerId, byte[] key);

    /// <exception cref="ProofException">It was wrapped by another store, or for another owner.</exception>
    byte[] Unwrap(Guid ownerId, byte[] wrapped);
}

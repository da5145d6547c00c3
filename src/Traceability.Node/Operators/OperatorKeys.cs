using System.Security.Cryptography;
using Traceability.Proofs;

namespace Traceability.Node.Operators;

/// <summary>An operator's secret keys, each in a file of its own that only the node's user can read.</summary>
internal sealed class OperatorKeys
{
    private const int ReferenceKeyBytes = 32;

    private readonly byte[] _referenceKey;

    private OperatorKeys(PrivateKey signing, PrivateKey sealing, byte[] referenceKey) =>
        (Signing, Sealing, _referenceKey) = (signing, sealing, referenceKey);

    public PrivateKey Signing { get; }

    public PrivateKey Sealing { get; }

    public static OperatorKeys LoadOrCreate(string folder)
    {
        Directory.CreateDirectory(folder);
        return new(
            PrivateKey.FromPem(ReadOrCreate(Path.Combine(folder, "signing.pem"), () => PrivateKey.Create().ToPem())),
            PrivateKey.FromPem(ReadOrCreate(Path.Combine(folder, "sealing.pem"), () => PrivateKey.Create().ToPem())),
            Convert.FromHexString(ReadOrCreate(
                Path.Combine(folder, "part-reference.key"),
                () => RandomNumberGenerator.GetHexString(ReferenceKeyBytes * 2))));
    }

    /// <summary>The pseudonym by which others know a part: always the same, and says nothing about it.</summary>
    public string PartRef(Guid traceId) => KeyedHash.Of(_referenceKey, traceId.ToByteArray());

    private static string ReadOrCreate(string file, Func<string> create)
    {
        if (!File.Exists(file))
        {
            // Whole or not at all: half a key would be worse than none.
            File.WriteAllText($"{file}.new", create());
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode($"{file}.new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            File.Move($"{file}.new", file);
        }

        return File.ReadAllText(file).Trim();
    }
}

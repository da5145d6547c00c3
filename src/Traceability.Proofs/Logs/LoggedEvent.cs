using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Traceability.Proofs.Logs;

/// <summary>An event with everything that its leaf in the log speaks for.</summary>
/// <param name="Stream">The stream, such as "part/...".</param>
/// <param name="Version">Its place in the stream, from 1.</param>
/// <param name="Sequence">Its number in the database.</param>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its pinned name.</param>
/// <param name="Time">When it was recorded; whole microseconds.</param>
/// <param name="By">Who did it.</param>
/// <param name="Correlation">The trace it belongs to.</param>
/// <param name="Causation">The call or message that led to it.</param>
/// <param name="Data">What it says, as JSON.</param>
public sealed record LoggedEvent(
    string Stream, long Version, long Sequence, Guid Id, string Type, DateTimeOffset Time, string? By,
    string? Correlation, string? Causation, string Data)
{
    public const int SaltBytes = 32;

    public override string ToString() => $"{Type} ({Stream}, version {Version})";

    /// <summary>Hides what is said from those without the salt; nobody finds other data with the same hash.</summary>
    public static byte[] PayloadHash(ReadOnlySpan<byte> salt, string data) =>
        SHA256.HashData([.. salt, .. CanonicalJson.Of(data)]);

    /// <summary>
    /// The hash of the leaf. With the payload's hash in place of the payload it can be made after the payload is gone.
    /// </summary>
    public byte[] LeafHash(byte[] payloadHash)
    {
        var leaf = new JsonObject
        {
            ["stream"] = Stream,
            ["version"] = Version,
            ["sequence"] = Sequence,
            ["id"] = Id.ToString(),
            ["type"] = Type,
            ["time"] = Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture),
            ["by"] = By,
            ["correlation"] = Correlation,
            ["causation"] = Causation,
            ["payload_hash"] = Convert.ToBase64String(payloadHash),
        };
        return MerkleTree.LeafHash(CanonicalJson.Of(leaf.ToJsonString()));
    }

    /// <summary>
    /// What the writer of the event vouches for in the event's own transaction, so that nobody but it can add one.
    /// </summary>
    public static byte[] Seal(byte[] sealKey, string stream, long version, string type, byte[] payloadHash) =>
        HMACSHA256.HashData(
            sealKey, (byte[])[.. Encoding.UTF8.GetBytes($"{stream}\n{version}\n{type}\n"), .. payloadHash]);
}

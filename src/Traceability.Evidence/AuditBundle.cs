using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Traceability.Domain;
using Traceability.Proofs;
using Traceability.Proofs.Logs;

namespace Traceability.Evidence;

/// <summary>An event, its leaf, and the proof that this is in the log.</summary>
public sealed record BundledEvent(
    LoggedEvent Event, byte[]? Salt, byte[] PayloadHash, long Index, IReadOnlyList<byte[]> Proof);

/// <summary>What a bundle is about, and the keys it is to be checked with.</summary>
/// <param name="Format">The version of this form; readers refuse what they do not know.</param>
/// <param name="OperatorId">Whose claim.</param>
/// <param name="TraceId">About which part.</param>
/// <param name="Version">Which version of its total.</param>
/// <param name="PartRef">The part's name in statements.</param>
/// <param name="LogKey">Of the operator's log (C2SP verifier key).</param>
/// <param name="WitnessKey">Of the broker as witness (C2SP verifier key).</param>
/// <param name="Keys">Of the operator and of its suppliers.</param>
/// <param name="WithoutBillOfMaterials">
/// True: shows what was signed for customers, and not what the total is made of. Otherwise absent.
/// </param>
public sealed record BundleManifest(
    string Format, OperatorId OperatorId, TraceId TraceId, long Version, string PartRef, string LogKey,
    string WitnessKey,
    IReadOnlyList<SigningKey> Keys, bool? WithoutBillOfMaterials = null)
{
    public const string CurrentFormat = "traceability-audit-bundle/1";
}

/// <summary>
/// Everything that stands behind one version of a total, in one file: anybody can check it without a server. A ZIP of
/// manifest.json, checkpoint.txt (C2SP tlog-checkpoint), events/*.json in order of the log, and report.md for people.
/// </summary>
public sealed record AuditBundle(BundleManifest Manifest, string Checkpoint, IReadOnlyList<BundledEvent> Events)
{
    private const string ManifestFile = "manifest.json";
    private const string CheckpointFile = "checkpoint.txt";
    private const string ReportFile = "report.md";
    private const string EventFolder = "events/";

    /// <summary>
    /// An event names what each line of a total took in: 1,000 lines with 20 suppliers each are 10 MB. A file that
    /// unpacks to more is an attack.
    /// </summary>
    private const long MaxEntryBytes = 16 * 1024 * 1024;
    private const int MaxEntries = 200_000;
    private const long MaxBytes = 1024L * 1024 * 1024;

    private static readonly JsonSerializerOptions Json = new(EventJson.Options) { WriteIndented = true };

    /// <summary>The keys of those whose signatures are in the bundle.</summary>
    public KeyRing Keys => new(Manifest.Keys);

    public byte[] ToZip(string report)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, ManifestFile, JsonSerializer.Serialize(Manifest, Json));
            Add(zip, CheckpointFile, Checkpoint);
            Add(zip, ReportFile, report);
            foreach (var e in Events)
            {
                Add(zip, $"{EventFolder}{e.Index:000000000}.json", JsonSerializer.Serialize(e, Json));
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Signing keys as a file of their own, in the form that they have in a bundle.</summary>
    public static string WriteKeys(IEnumerable<SigningKey> keys) => JsonSerializer.Serialize(keys, Json);

    /// <exception cref="ProofException">There are no keys in it.</exception>
    public static IReadOnlyList<SigningKey> ReadKeys(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<SigningKey[]>(json, Json) is { Length: > 0 } keys && keys.All(IsWhole)
                ? keys
                : throw ProofException.Malformed("file of keys");
        }
        catch (JsonException)
        {
            throw ProofException.Malformed("file of keys");
        }
    }

    /// <exception cref="ProofException">It is no bundle, or one of a form that is not known here.</exception>
    public static AuditBundle FromZip(byte[] bytes)
    {
        try
        {
            using var zip = new ZipArchive(new MemoryStream(bytes), ZipArchiveMode.Read);
            if (zip.Entries.Count > MaxEntries || zip.Entries.Sum(entry => entry.Length) > MaxBytes)
            {
                throw ProofException.Malformed("bundle");
            }

            var manifest = JsonSerializer.Deserialize<BundleManifest>(Text(zip, ManifestFile), Json);
            if (manifest is not { Format: BundleManifest.CurrentFormat } || !IsWhole(manifest))
            {
                throw ProofException.Malformed("bundle");
            }

            BundledEvent?[] events =
            [
                .. zip.Entries.Where(entry => entry.FullName.StartsWith(EventFolder, StringComparison.Ordinal))
                    .OrderBy(entry => entry.FullName, StringComparer.Ordinal)
                    .Select(entry => JsonSerializer.Deserialize<BundledEvent>(Text(entry), Json)),
            ];
            return events.All(IsWhole)
                ? new(manifest, Text(zip, CheckpointFile), events!)
                : throw ProofException.Malformed("bundle");
        }
        catch (Exception exception) when (exception is InvalidDataException or JsonException or ArgumentException)
        {
            throw ProofException.Malformed("bundle");
        }
    }

    /// <summary>JSON can lack what the form demands.</summary>
    private static bool IsWhole(BundleManifest manifest) =>
        manifest is { PartRef: not null, LogKey: not null, WitnessKey: not null, Keys: not null }
        && manifest.Keys.All(IsWhole);

    private static bool IsWhole(BundledEvent? one) =>
        one is { PayloadHash: not null, Proof: not null, Event: { Stream: not null, Type: not null, Data: not null } }
        && one.Proof.All(hash => hash is not null);

    private static bool IsWhole(SigningKey? key) => key is { Jwk: not null, KeyId: not null };

    private static void Add(ZipArchive zip, string name, string text)
    {
        var entry = zip.CreateEntry(name);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var stream = entry.Open();
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private static string Text(ZipArchive zip, string name) =>
        Text(zip.GetEntry(name) ?? throw ProofException.Malformed("bundle"));

    private static string Text(ZipArchiveEntry entry)
    {
        if (entry.Length > MaxEntryBytes)
        {
            throw ProofException.Malformed("bundle");
        }

        using var reader = new StreamReader(entry.Open(), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

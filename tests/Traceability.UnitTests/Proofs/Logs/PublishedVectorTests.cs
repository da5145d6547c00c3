using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.UnitTests.Proofs.Logs;

/// <summary>Cases that others published for trees, checkpoints, notes and proofs; they lie beside the repository.</summary>
public class PublishedVectorTests
{
    private static readonly string Vectors =
        Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", "..", "..", "..", "shared", "data", "crypto"));

    [VectorFact]
    public void Inclusion_and_consistency_proofs_are_judged_as_published()
    {
        List<string> wrong = [];
        var total = 0;
        foreach (var file in Files("inclusion").Concat(Files("consistency")))
        {
            var vector = Read(file).RootElement;
            total++;
            // One takes something shorter than a hash for a root; that is refused here.
            var shorter = file.EndsWith("sizes-are-equal-one-and-proof-is-empty.json", StringComparison.Ordinal);
            if (Holds(vector) == (vector.GetProperty("wantErr").GetBoolean() || shorter))
            {
                wrong.Add(Path.GetRelativePath(Vectors, file));
            }
        }

        Assert.Empty(wrong);
        Assert.True(total > 150, $"{total} vectors");
    }

    [VectorFact]
    public void Checkpoints_are_read_and_written_as_published()
    {
        var cases = Cases().GetProperty("checkpoint");
        foreach (var one in cases.GetProperty("marshal").EnumerateArray())
        {
            var root = Encoding.UTF8.GetBytes(Text(one, "hashUtf8"));
            Assert.Equal(
                Text(one, "text"), new Checkpoint(Text(one, "origin"), one.GetProperty("size").GetInt64(), root).Text);
        }

        foreach (var one in cases.GetProperty("parse").EnumerateArray())
        {
            if (!one.GetProperty("valid").GetBoolean())
            {
                Assert.Throws<ProofException>(() => Checkpoint.Parse(Text(one, "text")));
                continue;
            }

            var read = Checkpoint.Parse(Text(one, "text"));
            Assert.Equal(Text(one, "origin"), read.Origin);
            Assert.Equal(one.GetProperty("size").GetInt64(), read.Size);
            Assert.Equal(Text(one, "hashUtf8"), Encoding.UTF8.GetString(read.Root));
        }
    }

    [VectorFact]
    public void Proofs_of_logs_are_read_and_written_as_published()
    {
        var cases = Cases().GetProperty("tlogProof");
        foreach (var one in cases.GetProperty("marshal").EnumerateArray())
        {
            var read = LogProof.Parse(Text(one, "text"));
            Assert.Equal(one.GetProperty("index").GetInt64(), read.Index);
            Assert.Equal(one.GetProperty("hashes").GetArrayLength(), read.Hashes.Count);
            Assert.Equal(Text(one, "text"), read.ToString());
        }

        foreach (var one in cases.GetProperty("reject").EnumerateArray())
        {
            var text = one.TryGetProperty("text", out var whole)
                ? whole.GetString()!
                : Text(one, "textPrefix") + new string('a', 65 * 1024) + "\n";
            Assert.Throws<ProofException>(() => LogProof.Parse(text));
        }
    }

    [VectorFact]
    public void Keys_and_notes_of_other_logs_are_judged_as_published()
    {
        var keys = Cases().GetProperty("verifierKeys");
        foreach (var one in keys.GetProperty("accept").EnumerateArray())
        {
            // Static CT and ML-DSA are other kinds of signature, which this product neither makes nor trusts.
            var known = Convert.FromBase64String(Text(one, "key").Split('+', 3)[2])[0] is 1 or 2 or 4;
            if (known)
            {
                Assert.Equal(Text(one, "key"), NoteVerifier.Parse(Text(one, "key")).ToString());
            }
            else
            {
                Assert.Throws<ProofException>(() => NoteVerifier.Parse(Text(one, "key")));
            }
        }

        foreach (var one in keys.GetProperty("reject").EnumerateArray())
        {
            Assert.Throws<ProofException>(() => NoteVerifier.Parse(Text(one, "key")));
        }

        foreach (var one in Cases().GetProperty("ecdsaNotes").EnumerateArray())
        {
            Assert.Equal(one.GetProperty("valid").GetBoolean(), IsSigned(Text(one, "key"), Text(one, "note")));
        }
    }

    /// <summary>Every request to a witness, in order; the rules are those of WitnessRule, here over a dictionary.</summary>
    [VectorFact]
    public void A_witness_answers_as_published()
    {
        var file = Path.Combine(Vectors, "c2sp", "witness-cases", "add-checkpoint.json");
        var answered = 0;
        foreach (var sequence in Read(file).RootElement.GetProperty("sequences").EnumerateArray())
        {
            var log = sequence.GetProperty("log");
            var origin = Text(log, "origin");
            var verifier = log.TryGetProperty("verifierKey", out var key)
                ? NoteVerifier.Parse(key.GetString()!)
                : new(origin, NoteSignatureType.Ed25519, Convert.FromHexString(Text(log, "ed25519PublicKeyHex")));
            Checkpoint? seen = null;
            foreach (var request in sequence.GetProperty("requests").EnumerateArray())
            {
                var (oldSize, proof, note) = Request(Text(request, "requestBody"));
                var answer = WitnessRule.Judge(seen, oldSize, proof, note, name => name == origin ? verifier : null);
                Assert.Equal(request.GetProperty("expectedStatus").GetInt32(), Status(answer.Verdict));
                seen = answer.Accepted ?? seen;
                answered++;
            }

            Assert.Equal(sequence.GetProperty("finalSize").GetInt64(), seen!.Size);
        }

        Assert.True(answered >= 10, $"{answered} requests");
    }

    private static int Status(WitnessVerdict verdict) => verdict switch
    {
        WitnessVerdict.Accepted => 200,
        WitnessVerdict.Malformed => 400,
        WitnessVerdict.BadSignature => 403,
        // The text of the protocol says 404, the program that made the cases 403.
        WitnessVerdict.UnknownLog => 403,
        WitnessVerdict.OtherSize => 409,
        _ => 422,
    };

    private static (long OldSize, byte[][] Proof, string Note) Request(string body)
    {
        var end = body.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = body[..end].Split('\n');
        return (long.Parse(lines[0]["old ".Length..]), [.. lines.Skip(1).Select(Convert.FromBase64String)], body[(end + 2)..]);
    }

    private static bool IsSigned(string key, string note)
    {
        try
        {
            return NoteVerifier.Parse(key).HasSigned(SignedNote.Parse(note));
        }
        catch (ProofException)
        {
            return false;
        }
    }

    private static bool Holds(JsonElement vector)
    {
        var proof = vector.GetProperty("proof") is { ValueKind: JsonValueKind.Array } array
            ? array.EnumerateArray().Select(hash => Convert.FromBase64String(hash.GetString()!)).ToArray()
            : [];
        return vector.TryGetProperty("leafIdx", out var index)
            ? MerkleTree.Includes(Hash("root"), Number("treeSize"), Hash("leafHash"), (long)index.GetUInt64(), proof)
            : MerkleTree.Extends(Hash("root1"), Number("size1"), Hash("root2"), Number("size2"), proof);

        byte[] Hash(string name) => Convert.FromBase64String(vector.GetProperty(name).GetString() ?? "");

        long Number(string name) => (long)vector.GetProperty(name).GetUInt64();
    }

    private static IEnumerable<string> Files(string kind) => Directory.EnumerateFiles(
        Path.Combine(Vectors, "merkle", "testdata", kind), "*.json", SearchOption.AllDirectories);

    private static JsonElement Cases() => Read(Path.Combine(Vectors, "c2sp", "formats-cases", "cases.json")).RootElement;

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllText(file));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class VectorFactAttribute : FactAttribute
    {
        public VectorFactAttribute() => Skip = Directory.Exists(Vectors)
            ? null
            : "The published vectors are not on this machine (../shared/data/crypto).";
    }
}

using System.Globalization;
using System.Text;

namespace Traceability.Proofs.Logs;

/// <summary>The state of a log: its name, how many leaves it has, and their root (C2SP tlog-checkpoint).</summary>
public sealed record Checkpoint(string Origin, long Size, byte[] Root)
{
    public string Text =>
        $"{Origin}\n{Size.ToString(CultureInfo.InvariantCulture)}\n{Convert.ToBase64String(Root)}\n";

    /// <summary>Lines after the third are another's business, and left alone.</summary>
    public static Checkpoint Parse(string text)
    {
        var lines = text.Split('\n');
        var bad = lines.Length < 4 || lines[0].Length == 0 || lines[1] is "" or ['0', _, ..]
            || !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            || lines[2].Length == 0;
        if (bad)
        {
            throw ProofException.Malformed("checkpoint");
        }

        try
        {
            return new(
                lines[0], long.Parse(lines[1], CultureInfo.InvariantCulture), Convert.FromBase64String(lines[2]));
        }
        catch (FormatException)
        {
            throw ProofException.Malformed("checkpoint");
        }
    }
}

/// <summary>That one leaf is in a log, to be checked without the log (C2SP tlog-proof).</summary>
public sealed record LogProof(long Index, IReadOnlyList<byte[]> Hashes, string Checkpoint)
{
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraKey = "extra ";
    private const string IndexKey = "index ";

    public byte[]? Extra { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder($"{Header}\n");
        if (Extra is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{ExtraKey}{Convert.ToBase64String(Extra)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{IndexKey}{Index}\n");
        foreach (var hash in Hashes)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Convert.ToBase64String(hash)}\n");
        }

        return text.Append('\n').Append(Checkpoint).ToString();
    }

    public static LogProof Parse(string text)
    {
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = end < 0 ? [] : text[..end].Split('\n').ToList();
        if (lines is not [Header, _, ..])
        {
            throw ProofException.Malformed("log proof");
        }

        try
        {
            var extra = lines[1].StartsWith(ExtraKey, StringComparison.Ordinal)
                ? Convert.FromBase64String(lines[1][ExtraKey.Length..])
                : null;
            lines.RemoveRange(0, extra is null ? 1 : 2);
            if (lines is not [var index, ..] || !index.StartsWith(IndexKey, StringComparison.Ordinal)
                || index is [.., ' ', '0', _] || end + 2 == text.Length)
            {
                throw ProofException.Malformed("log proof");
            }

            var number = long.Parse(index[IndexKey.Length..], NumberStyles.None, CultureInfo.InvariantCulture);
            byte[][] hashes = [.. lines.Skip(1).Select(Convert.FromBase64String)];
            return hashes.All(hash => hash.Length == MerkleTree.HashBytes)
                ? new(number, hashes, text[(end + 2)..]) { Extra = extra }
                : throw ProofException.Malformed("log proof");
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw ProofException.Malformed("log proof");
        }
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Traceability.Exports.Rules;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Documents;

/// <summary>A final export that left before.</summary>
/// <param name="Id">The id it had.</param>
/// <param name="CreatedAt">When it said it was created; null where that was not kept.</param>
/// <param name="PrecedingIds">What it named as earlier.</param>
public sealed record EarlierExport(
    string Id, DateTimeOffset? CreatedAt = null, IReadOnlyList<string>? PrecedingIds = null);

/// <summary>
/// What a document says of itself. Its id follows from all else that it says: another content is another document,
/// which names those before it; the same content again is the same document, to the byte.
/// </summary>
/// <param name="Id">A UUID.</param>
/// <param name="CreatedAt">When all it is made of was known for the first time.</param>
/// <param name="PrecedingIds">Of those that left before, newest first.</param>
public sealed record ExportDocument(string Id, DateTimeOffset CreatedAt, IReadOnlyList<string> PrecedingIds)
{
    public const string IdSource = "footprint.id";

    private const string Preceding = "footprint.preceding_ids";
    private const string Created = "footprint.created";
    private const string Date = "footprint.date";

    /// <summary>As long as it is not known what else the document says.</summary>
    public static ExportDocument Unknown(ExportInput input) => new($"{Guid.Empty}", input.KnownAt, []);

    /// <param name="review">All of it, whatever it says of itself.</param>
    public static ExportDocument Of(ExportReview review)
    {
        var input = review.Input;
        var id = IdOf(
        [
            $"{input.OperatorId}", input.PartRef, review.Final ? "" : Draft.Mark,
            .. review.Shown.Where(shown => shown.Rule.From is not (IdSource or Preceding or Created or Date))
                .SelectMany(shown => new[] { shown.Rule.Path, $"{shown.Value}" }),
        ]);
        return input.Earlier.FirstOrDefault(one => one.Id == id) is { CreatedAt: { } createdAt } again
            ? new(id, createdAt, again.PrecedingIds ?? [])
            : new(id, input.KnownAt, [.. input.Earlier.Select(one => one.Id).Where(one => one != id)]);
    }

    /// <summary>Documents were told apart by the version of the footprint once.</summary>
    public static string IdOfVersion(OperatorId operatorId, string partRef, long version) =>
        Uuid(Encoding.UTF8.GetBytes($"{operatorId}/{partRef}/{version}"));

    public void AddTo(Dictionary<string, ExportValue> sources, ExportInput input)
    {
        sources[IdSource] = new Text(Id);
        sources[Created] = new Time(CreatedAt.ToUniversalTime());
        sources[Date] = new Day(DateOnly.FromDateTime(input.Local(CreatedAt.ToUniversalTime()).DateTime));
        if (PrecedingIds.Count > 0)
        {
            sources[Preceding] = new Words(PrecedingIds);
        }
    }

    /// <summary>As a list in JSON: where one text ends and the next begins is part of it.</summary>
    private static string IdOf(string[] content) => Uuid(JsonSerializer.SerializeToUtf8Bytes(content));

    /// <summary>The form of a random UUID (RFC 9562, version 4), which is what the formats ask for.</summary>
    private static string Uuid(byte[] content)
    {
        var bytes = SHA256.HashData(content).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return $"{new Guid(bytes, bigEndian: true)}";
    }
}

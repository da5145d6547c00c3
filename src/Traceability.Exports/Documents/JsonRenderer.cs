using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Traceability.Exports.Rules;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Documents;

/// <summary>A document in JSON: every field at its path, in the order of the table.</summary>
public static class JsonRenderer
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Render(ExportReview review)
    {
        var root = new JsonObject();
        if (!review.Final)
        {
            root["draft"] = Draft.Mark;
        }

        foreach (var (rule, value) in review.Shown)
        {
            Put(root, rule.Path, Node(rule.Form, value));
        }

        return JsonSerializer.SerializeToUtf8Bytes(root, Readable);
    }

    private static JsonNode Node(Form form, ExportValue value) => (form, value) switch
    {
        (Form.List, _) => new JsonArray(Node(Form.AsItIs, value)),
        (Form.Ids, Words words) => new JsonArray([.. words.Value.Select(id => new JsonObject { ["id"] = id })]),
        (Form.AsItIs, Number number) => JsonValue.Create(number.Value),
        (Form.AsItIs, Flag flag) => JsonValue.Create(flag.Value),
        (Form.AsItIs, Words words) => new JsonArray([.. words.Value.Select(word => (JsonNode)JsonValue.Create(word))]),
        _ => JsonValue.Create(value.ToString()),
    };

    /// <summary>Members are joined by dots; "[0]" behind a member is a place in its list.</summary>
    private static void Put(JsonObject root, string path, JsonNode value)
    {
        var steps = path.Split('.');
        var parent = steps[..^1].Aggregate(root, Member);
        if (Place(steps[^1]) is (var name, { } index))
        {
            List(parent, name, index).Add(value);
            return;
        }

        parent[steps[^1]] = value;
    }

    private static JsonObject Member(JsonObject parent, string step)
    {
        var (name, index) = Place(step);
        if (index is null)
        {
            return (parent[name] ??= new JsonObject()).AsObject();
        }

        var list = List(parent, name, index.Value);
        if (list.Count == index)
        {
            list.Add(new JsonObject());
        }

        return list[index.Value]!.AsObject();
    }

    private static JsonArray List(JsonObject parent, string name, int index)
    {
        var list = (parent[name] ??= new JsonArray()).AsArray();
        return index <= list.Count
            ? list
            : throw new InvalidOperationException($"The table leaves out a place in {name} before {index}.");
    }

    private static (string Name, int? Index) Place(string step) => step.Split('[', ']') switch
    {
        [var name, var index, ""] => (name, int.Parse(index, CultureInfo.InvariantCulture)),
        _ => (step, null),
    };
}

using System.Text;
using System.Xml;
using System.Xml.Linq;
using Traceability.Exports.Rules;

namespace Traceability.Exports.Documents;

/// <summary>
/// A document in XML: elements joined by slashes, an attribute behind an at sign. The first path names the root, its
/// value the namespace.
/// </summary>
public static class XmlRenderer
{
    public static byte[] Render(ExportReview review)
    {
        var (first, name) = review.Shown.First();
        XNamespace space = $"{name}";
        var root = new XElement(space + first.Path);
        foreach (var (rule, value) in review.Shown.Skip(1))
        {
            Put(root, space, rule.Path.Split('/'), (review.Final ? null : rule.InDraft) ?? $"{value}");
        }

        var document = new XDocument(new XDeclaration("1.0", "utf-8", null));
        if (!review.Final)
        {
            document.Add(new XComment(Draft.Mark));
        }

        document.Add(root);
        using var bytes = new MemoryStream();
        using (var writer = XmlWriter.Create(
            bytes, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false), NewLineChars = "\n" }))
        {
            document.Save(writer);
        }

        return bytes.ToArray();
    }

    private static void Put(XElement root, XNamespace space, string[] steps, string value)
    {
        var parent = steps[..^1].Aggregate(root, (at, step) => Child(at, space + step));
        if (steps[^1].StartsWith('@'))
        {
            parent.SetAttributeValue(steps[^1][1..], value);
            return;
        }

        parent.Add(new XElement(space + steps[^1], value));
    }

    private static XElement Child(XElement parent, XName name)
    {
        if (parent.Element(name) is { } found)
        {
            return found;
        }

        var made = new XElement(name);
        parent.Add(made);
        return made;
    }
}

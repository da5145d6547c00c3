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
        var first = review.Fields[0];
        XNamespace space = first.Value!;
        var root = new XElement(space + first.Rule.Path);
        foreach (var field in review.Fields.Skip(1).Where(field => field.Value is not null))
        {
            var value = review.Final ? field.Value! : field.Rule.InDraft ?? field.Value!;
            Put(root, space, field.Rule.Path.Split('/'), value);
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
        var parent = root;
        foreach (var step in steps[..^1])
        {
            parent = Child(parent, space + step);
        }

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

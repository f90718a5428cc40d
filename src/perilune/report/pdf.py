"""The report as PDF, by WeasyPrint: A4, tagged, with bookmarks."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from perilune.errors import DataMissingError

_REMEDY: Final = (
    "On Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
    "on macOS: brew install pango. The HTML needs none of it: --output FILE.html."
)


def printer() -> Any:
    """WeasyPrint, ready to print.

    Raises:
        DataMissingError: it, or Pango that it needs, is not installed.
    """
    try:
        import weasyprint
    except ModuleNotFoundError as error:
        raise DataMissingError(
            f"The PDF needs {error.name}. Install it: pip install 'perilune[report]'."
        ) from None
    except OSError as error:
        why = str(error).splitlines()[0]
        raise DataMissingError(
            f"The PDF needs Pango, which is not on this machine ({why}). {_REMEDY}"
        ) from None
    return weasyprint


def to_pdf(html: str) -> bytes:
    """The PDF of a page that names nothing outside itself.

    Raises:
        DataMissingError: see `printer`.
    """
    weasyprint = printer()

    class Closed(weasyprint.urls.URLFetcher):  # type: ignore[misc, name-defined]
        """Gives what stands in the page itself, and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:"):
                _refuse(url)
            return super().fetch(url, headers)

    page = weasyprint.HTML(string=html, url_fetcher=Closed(fail_on_errors=True))
    printed: bytes = page.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=b"perilune report")
    return printed


def _refuse(url: str) -> NoReturn:
    raise ValueError(f"the report must not name {url}")
